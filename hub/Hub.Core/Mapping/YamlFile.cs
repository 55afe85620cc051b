using System.Text;
using Hub.Core.Ops;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Hub.Core.Mapping;

/// <summary>Reads a YAML file into parts that know their place. Mistakes become findings.</summary>
/// <param name="beginning">What the file begins with, for the finding about an empty one; null where a file may be empty.</param>
internal sealed class YamlFile(string file, List<Finding> findings, string? beginning)
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The file's keys, or null when it cannot be read at all; a finding then says why.</summary>
    public YamlMap? Read()
    {
        if (ReadText() is not { } text)
            return null;
        var parser = new Parser(new StringReader(text));
        try
        {
            return ReadDocument(parser);
        }
        catch (YamlException failure)
        {
            FailSyntax(text, failure.Start, Sentence(failure.Message));
        }
        catch (InvalidOperationException)
        {
            // The parser fails so, without a place, when a bracket is not closed: what it read last is the nearest place.
            FailSyntax(text, parser.Current?.Start ?? Mark.Empty, "a bracket or brace that begins here is not closed.");
        }

        return null;
    }

    public void Fail(string code, string place, string message, string suggestion)
        => findings.Add(new(code, Severity.Error, place, message, suggestion));

    private string? ReadText()
    {
        try
        {
            return Strict.GetString(File.ReadAllBytes(file)).TrimStart('\ufeff');
        }
        catch (DecoderFallbackException)
        {
            Fail(Codes.YamlInvalid, $"{file}:1:1", "the file is not UTF-8.", "Save it as UTF-8.");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            Fail(Codes.YamlInvalid, $"{file}:1:1", $"the file cannot be read: {failure.Message}", "Check its path and its permissions.");
        }

        return null;
    }

    private YamlMap? ReadDocument(Parser parser)
    {
        parser.Consume<StreamStart>();
        if (!parser.TryConsume<DocumentStart>(out _))
        {
            if (beginning is not null)
                Fail(Codes.YamlInvalid, $"{file}:1:1", "the file is empty.", $"Begin with '{beginning}'.");
            return null;
        }

        var root = ReadPart(parser);
        parser.Consume<DocumentEnd>();
        if (parser.TryConsume<DocumentStart>(out var second))
            Fail(Codes.YamlInvalid, PlaceOf(second.Start), "the file holds a second document.", "Keep one of them, and write the other into a file of its own.");
        if (root is YamlMap map)
            return map;
        Fail(Codes.YamlInvalid, root.Place, $"the file holds {root.What} where keys with values should be.", $"Begin with '{beginning ?? "key: value"}'.");
        return null;
    }

    private YamlPart ReadPart(Parser parser)
    {
        if (parser.TryConsume<Scalar>(out var scalar))
            return ReadScalar(scalar);
        if (parser.TryConsume<SequenceStart>(out var list))
        {
            var parts = new List<YamlPart>();
            while (!parser.TryConsume<SequenceEnd>(out _))
                parts.Add(ReadPart(parser));
            return new YamlList(parts, PlaceOf(list.Start));
        }

        if (parser.TryConsume<MappingStart>(out var map))
            return ReadMap(parser, PlaceOf(map.Start));
        var alias = parser.Consume<AnchorAlias>();
        Fail(Codes.YamlInvalid, PlaceOf(alias.Start), $"'*{alias.Value}' refers to another part of the file.", "Write the values out; references are not read.");
        return new YamlText("", IsNull: true, PlaceOf(alias.Start));
    }

    private YamlMap ReadMap(Parser parser, string place)
    {
        var pairs = new List<(YamlText, YamlPart)>();
        var seen = new Dictionary<string, string>(StringComparer.Ordinal);
        while (!parser.TryConsume<MappingEnd>(out _))
        {
            var key = ReadPart(parser) as YamlText;
            var value = ReadPart(parser);
            if (key is null)
                Fail(Codes.YamlInvalid, place, "a key is not a single word.", "Write 'key: value'.");
            else if (seen.TryAdd(key.Value, key.Place))
                pairs.Add((key, value));
            else
                Fail(Codes.YamlInvalid, key.Place, $"'{key.Value}' stands here twice; the first is at {seen[key.Value]}.", "Keep one of them.");
        }

        return new YamlMap(pairs, place);
    }

    private YamlText ReadScalar(Scalar scalar)
    {
        var place = PlaceOf(scalar.Start);
        var isNull = scalar is { Style: ScalarStyle.Plain, Value: "" or "~" or "null" };
        return new YamlText(scalar.IsKey ? scalar.Value : Variables.Fill(scalar.Value, place, findings), isNull, place);
    }

    private void FailSyntax(string text, Mark mark, string message)
    {
        // The parser names the place of a tab wrongly, if at all.
        var lines = text.Split('\n');
        var withTab = Array.FindIndex(lines, line => line[..^line.TrimStart().Length].Contains('\t') && !string.IsNullOrWhiteSpace(line));
        if (withTab >= 0)
            Fail(Codes.YamlInvalid, $"{file}:{withTab + 1}:{lines[withTab].IndexOf('\t') + 1}", "the line is indented with a tab.", "Indent with spaces.");
        else
            Fail(Codes.YamlInvalid, PlaceOf(mark), $"this is not YAML: {message}", "Check the indentation, quotes and brackets of this line and the one above.");
    }

    private static string Sentence(string message)
        => $"{char.ToLowerInvariant(message[0])}{message[1..].TrimEnd('.')}.";

    private string PlaceOf(Mark mark) => $"{file}:{mark.Line}:{mark.Column}";
}
