using System.Collections.Immutable;
using System.Text.Json;

namespace Hub.Core.Schemas.Types;

public enum AvroKind { Null, Boolean, Int, Long, Float, Double, Bytes, String, Record, Enum, Fixed, Array, Map, Union }

/// <summary>Digits in all, and digits behind the point.</summary>
public readonly record struct DecimalShape(int Precision, int Scale)
{
    public override string ToString() => $"decimal({Precision},{Scale})";
}

/// <summary>A type of an Avro schema. Names are resolved, so that a recursive type leads back to the same object.</summary>
public abstract class AvroType
{
    private protected AvroType(AvroKind kind, JsonElement json)
    {
        Kind = kind;
        Json = json;
        Decimal = LogicalTypes.DecimalOf(this);
        LogicalType = LogicalTypes.NameOf(this);
    }

    public AvroKind Kind { get; }

    /// <summary>As it was written, with every attribute; text where the type is only named.</summary>
    public JsonElement Json { get; }

    /// <summary>Null also for a known logical type on a type that cannot carry it, which the specification says to ignore.</summary>
    public string? LogicalType { get; }

    /// <summary>Null when the type is not a valid decimal.</summary>
    public DecimalShape? Decimal { get; }

    /// <summary>A text attribute, such as <c>connect.name</c>, or null.</summary>
    public string? Text(string attribute) => AvroAttributes.Text(Json, attribute);

    /// <summary>The type as a person would say it.</summary>
    public override string ToString() => Decimal?.ToString() ?? (LogicalType is { } logical ? $"{Word} ({logical})" : Word);

    private protected virtual string Word => Kind.ToString().ToLowerInvariant();
}

/// <summary>null, boolean, int, long, float, double, bytes or string.</summary>
public sealed class AvroPrimitive(AvroKind kind, JsonElement json) : AvroType(kind, json);

public sealed class AvroArray(AvroType items, JsonElement json) : AvroType(AvroKind.Array, json)
{
    public AvroType Items { get; } = items;

    private protected override string Word => $"array of {Items}";
}

public sealed class AvroMap(AvroType values, JsonElement json) : AvroType(AvroKind.Map, json)
{
    public AvroType Values { get; } = values;

    private protected override string Word => $"map of {Values}";
}

public sealed class AvroUnion(ImmutableArray<AvroType> branches, JsonElement json) : AvroType(AvroKind.Union, json)
{
    public ImmutableArray<AvroType> Branches { get; } = branches;

    private protected override string Word => $"[{string.Join(", ", Branches)}]";
}
