using System.Globalization;
using System.Text.RegularExpressions;
using Hub.Core.Ops;

namespace Hub.Connectors.Debezium;

/// <summary>How the values of a column are turned into text.</summary>
internal enum ColumnForm
{
    /// <summary>Text stays as it is; a number or boolean is what its record says. For columns whose type nobody tells.</summary>
    Plain,

    Bytes,

    /// <summary>An unscaled number in two's complement, big endian; the scale is the type's.</summary>
    Decimal,

    /// <summary>A structure of scale and unscaled number.</summary>
    VariableDecimal,

    /// <summary>Days since 1970.</summary>
    Days,

    /// <summary>Milliseconds, microseconds or nanoseconds since midnight; MySQL's may be negative or longer than a day.</summary>
    TimeMillis,
    TimeMicros,
    TimeNanos,

    /// <summary>A local moment, counted as if its zone were UTC.</summary>
    MomentMillis,
    MomentMicros,
    MomentNanos,

    /// <summary>ISO text that ends with Z although the value has no zone.</summary>
    IsoLocal,

    /// <summary>Bits, the lowest byte first; their count is the type's.</summary>
    Bits,

    /// <summary>Arrays, maps and structures, which no cell can hold.</summary>
    NoText,
}

/// <summary>The type of a column as Debezium names it.</summary>
/// <param name="Name">What <see cref="Core.Records.ColumnShape.TypeName"/> shows.</param>
/// <param name="Number">The scale of a decimal, the count of bits.</param>
internal readonly partial record struct ColumnType(string Name, ColumnForm Form, int Number = 0)
{
    private const string DecimalName = "org.apache.kafka.connect.data.Decimal";

    public static readonly ColumnType Unknown = new("unknown", ColumnForm.Plain);

    // Source: https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-data-types and the same section of MySQL and Oracle.
    private static readonly Dictionary<string, ColumnForm> Forms = new(StringComparer.Ordinal)
    {
        ["io.debezium.time.Date"] = ColumnForm.Days,
        ["io.debezium.time.Time"] = ColumnForm.TimeMillis,
        ["io.debezium.time.MicroTime"] = ColumnForm.TimeMicros,
        ["io.debezium.time.NanoTime"] = ColumnForm.TimeNanos,
        ["io.debezium.time.Timestamp"] = ColumnForm.MomentMillis,
        ["io.debezium.time.MicroTimestamp"] = ColumnForm.MomentMicros,
        ["io.debezium.time.NanoTimestamp"] = ColumnForm.MomentNanos,
        ["io.debezium.time.ZonedTimestamp"] = ColumnForm.Plain,
        ["io.debezium.time.ZonedTime"] = ColumnForm.Plain,
        ["io.debezium.time.IsoDate"] = ColumnForm.IsoLocal,
        ["io.debezium.time.IsoTime"] = ColumnForm.IsoLocal,
        ["io.debezium.time.IsoTimestamp"] = ColumnForm.IsoLocal,
        ["io.debezium.time.Year"] = ColumnForm.Plain,
        ["io.debezium.time.Interval"] = ColumnForm.Plain,
        ["io.debezium.time.MicroDuration"] = ColumnForm.Plain,
        ["io.debezium.time.NanoDuration"] = ColumnForm.Plain,
        ["io.debezium.data.Json"] = ColumnForm.Plain,
        ["io.debezium.data.Xml"] = ColumnForm.Plain,
        ["io.debezium.data.Uuid"] = ColumnForm.Plain,
        ["io.debezium.data.Enum"] = ColumnForm.Plain,
        ["io.debezium.data.EnumSet"] = ColumnForm.Plain,
        ["io.debezium.data.Ltree"] = ColumnForm.Plain,
        ["io.debezium.data.Bits"] = ColumnForm.Bits,
        ["io.debezium.data.VariableScaleDecimal"] = ColumnForm.VariableDecimal,
        ["org.apache.kafka.connect.data.Date"] = ColumnForm.Days,
        ["org.apache.kafka.connect.data.Time"] = ColumnForm.TimeMillis,
        ["org.apache.kafka.connect.data.Timestamp"] = ColumnForm.MomentMillis,
        [DecimalName] = ColumnForm.Decimal,
        ["bytes"] = ColumnForm.Bytes,
        ["bpchar"] = ColumnForm.Plain,
    };

    /// <summary>The type of a column whose record tells it.</summary>
    /// <param name="semantic">The name of the Kafka Connect schema; null when it has none.</param>
    /// <param name="literal">Kafka Connect's or Avro's basic type.</param>
    /// <param name="number">The parameter <c>scale</c> or <c>length</c>; null when there is none.</param>
    /// <param name="upstream">The database's own type, where the connector propagates it.</param>
    public static ColumnType Of(string? semantic, string literal, int? number, string? upstream)
    {
        if (semantic is not null && Forms.TryGetValue(semantic, out var form))
            return form == ColumnForm.Plain && literal is "bytes" ? new(semantic, ColumnForm.Bytes) : new(semantic, form, number ?? 0);
        // PostgreSQL pads these with blanks that do not belong to the value.
        if (literal == "string" && upstream?.ToUpperInvariant() is "BPCHAR" or "CHAR" or "CHARACTER")
            return new("bpchar", ColumnForm.Plain);
        return new(semantic ?? literal, literal switch
        {
            "bytes" or "fixed" => ColumnForm.Bytes,
            "array" or "map" or "struct" or "record" => ColumnForm.NoText,
            _ => ColumnForm.Plain,
        });
    }

    /// <summary>A type that a definition names for a column, or what is wrong with it.</summary>
    public static ColumnType? Parse(string text, out string suggestion)
    {
        var match = WithNumber().Match(text);
        var name = match.Success ? match.Groups["name"].Value : text;
        var form = Forms.GetValueOrDefault(name);
        var needsNumber = form is ColumnForm.Decimal or ColumnForm.Bits;
        suggestion = !Forms.ContainsKey(name)
            ? Nearest.Suggest(name, Forms.Keys, "types")
            : needsNumber ? $"Write {name}(2) with the {(form == ColumnForm.Bits ? "count of bits" : "scale")}." : $"Write {name}.";
        if (!Forms.ContainsKey(name) || needsNumber != match.Success)
            return null;
        return new(name, form, match.Success ? int.Parse(match.Groups["number"].Value, CultureInfo.InvariantCulture) : 0);
    }

    [GeneratedRegex(@"^(?<name>[\w.]+)\((?<number>\d{1,4})\)$", RegexOptions.CultureInvariant)]
    private static partial Regex WithNumber();
}
