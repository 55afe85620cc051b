using System.Text;
using Npgsql;

namespace Hub.Demo.Finance;

/// <summary>Collects rows of several tables and copies them in turns, so that one connection and one transaction serve all of them.</summary>
internal sealed class CopyWriter(NpgsqlConnection connection)
{
    private const int FlushAtCharacters = 4 << 20;

    private readonly Dictionary<FinanceTable, StringBuilder> _tables = [];
    private int _characters;

    public bool IsFull => _characters >= FlushAtCharacters;

    public void Add(FinanceRow row)
    {
        if (!_tables.TryGetValue(row.Table, out var lines))
            _tables[row.Table] = lines = new StringBuilder();
        var before = lines.Length;
        for (var index = 0; index < row.Values.Length; index++)
        {
            if (index > 0)
                lines.Append('\t');
            Append(lines, row.Values[index]);
        }
        lines.Append('\n');
        _characters += lines.Length - before;
    }

    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        foreach (var (table, lines) in _tables)
        {
            if (lines.Length == 0)
                continue;

            await using var copy = await connection.BeginTextImportAsync($"COPY {table.Name} ({table.ColumnList}) FROM STDIN", cancellationToken);
            foreach (var chunk in lines.GetChunks())
                await copy.WriteAsync(chunk, cancellationToken);
            lines.Clear();
        }
        _characters = 0;
    }

    private static void Append(StringBuilder lines, string? value)
    {
        if (value is null)
            lines.Append("\\N");
        else if (value.AsSpan().IndexOfAny('\\', '\t', '\n') < 0)
            lines.Append(value);
        else
            lines.Append(value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\t", "\\t", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal));
    }
}
