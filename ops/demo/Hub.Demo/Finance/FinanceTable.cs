using System.Globalization;

namespace Hub.Demo.Finance;

/// <summary>A table of the upstream and the columns that the demo writes, in the order of a <see cref="FinanceRow"/>.</summary>
public sealed class FinanceTable(string name, params string[] columns)
{
    public string Name => name;

    public string ColumnList { get; } = string.Join(", ", columns);

    public int Width => columns.Length;
}

/// <summary>One row as PostgreSQL's text form of every value.</summary>
public sealed record FinanceRow
{
    public FinanceRow(FinanceTable table, params string?[] values)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(values.Length, table.Width);
        Table = table;
        Values = values;
    }

    public FinanceTable Table { get; }

    public string?[] Values { get; }
}

/// <summary>The text form of the values that the upstream's tables hold. Money is counted in 分.</summary>
internal static class Text
{
    public const string Yes = "1";
    public const string No = "2";

    public static string Money(long fen)
        => string.Create(CultureInfo.InvariantCulture, $"{(fen < 0 ? "-" : "")}{Math.Abs(fen) / 100}.{Math.Abs(fen) % 100:00}");

    public static string Date(DateOnly date) => date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    public static string Time(DateTimeOffset time) => time.ToUniversalTime().ToString("yyyy-MM-dd HH:mm:ss.ffffff'+00'", CultureInfo.InvariantCulture);

    public static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);

    public static string Flag(bool flag) => flag ? Yes : No;
}
