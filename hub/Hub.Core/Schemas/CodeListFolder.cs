using System.Globalization;
using System.Text.Unicode;
using CsvHelper;
using Hub.Core.Ops;

namespace Hub.Core.Schemas;

/// <summary>Reads <c>codes/&lt;list&gt;.csv</c> with the columns <c>region,year_from,year_to,code,name,parent</c> and any more.</summary>
internal static class CodeListFolder
{
    private const string Header = "region,year_from,year_to,code,name,parent";

    public static CodeLists Load(string folder, List<Finding> findings)
    {
        var lists = new Dictionary<string, IReadOnlyList<Code>>(StringComparer.Ordinal);
        if (Directory.Exists(folder))
            foreach (var file in Directory.EnumerateFiles(folder, "*.csv").Order(StringComparer.Ordinal))
                lists[Path.GetFileNameWithoutExtension(file)] = Read(file, findings);
        return new CodeLists(lists);
    }

    private static List<Code> Read(string file, List<Finding> findings)
    {
        var codes = new List<Code>();
        var bytes = File.ReadAllBytes(file);
        if (!Utf8.IsValid(bytes))
        {
            // Spreadsheets save Chinese text as GBK unless told otherwise.
            Fail(1, "the file is not UTF-8.", "Save it as \"CSV UTF-8\".");
            return codes;
        }

        using var csv = CsvReader.Create(bytes, new CsvReaderOptions { HasHeader = false, TrackLineNumbers = true, MalformedData = CsvMalformedDataHandling.Throw });
        try
        {
            ReadCodes(csv, codes, Fail);
        }
        catch (CsvFormatException failure)
        {
            Fail(failure.LineNumber, "this line's quotes do not match.", "Put a cell that holds a comma or a quote in double quotes, and double the quotes within.");
        }

        return codes;

        void Fail(long line, string message, string suggestion)
            => findings.Add(new(Codes.CodeListInvalid, Severity.Error, $"{file}:{line}", message, suggestion));
    }

    private static void ReadCodes(CsvReader csv, List<Code> codes, Action<long, string, string> fail)
    {
        if (!csv.Read() || !string.Join(',', Cells(csv)).StartsWith(Header, StringComparison.Ordinal))
        {
            fail(1, "the first line is not the header.", $"It starts with {Header}.");
            return;
        }

        var seen = new HashSet<(string, string, int)>();
        while (csv.Read())
        {
            if (ReadCode(Cells(csv)) is not { } code)
                fail(csv.LineNumber, "this is not a code.", "Give region, year_from, year_to, code, name, parent; years are whole numbers, year_to may be empty.");
            else if (!seen.Add((code.Region, code.Value, code.YearFrom)))
                fail(csv.LineNumber, $"code {code.Value} stands there twice for region '{code.Region}' from {code.YearFrom}.", "Keep one.");
            else
                codes.Add(code);
        }
    }

    private static string[] Cells(CsvReader csv) => [.. Enumerable.Range(0, csv.FieldCount).Select(csv.GetString)];

    private static Code? ReadCode(string[] cells)
        => cells.Length >= 6 && cells[3].Length > 0 && cells[4].Length > 0
            && Year(cells[1], 0) is { } from && Year(cells[2], int.MaxValue) is { } to && from <= to
                ? new(cells[0], from, to, cells[3], cells[4], cells[5].Length == 0 ? null : cells[5])
                : null;

    private static int? Year(string text, int empty)
        => text.Length == 0 ? empty
            : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var year) ? year
            : null;
}
