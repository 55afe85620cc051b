using System.Collections.Immutable;
using System.Text;
using Hub.Core.Schemas.Resolution;

namespace Hub.Core.Schemas;

/// <summary>The Avro types a field may have. The value of an enum is its symbol as text.</summary>
public enum FieldType { String, Boolean, Int, Long, Decimal, Date, Timestamp, Enum }

/// <summary>What a field is to the index (<c>hub.search</c>).</summary>
public enum SearchRole
{
    /// <summary>Stored only.</summary>
    None,

    /// <summary>Full text.</summary>
    Text,

    /// <summary>Exact: filter, facet, sort.</summary>
    Keyword,

    /// <summary>Day: range and sort.</summary>
    Date,

    /// <summary>Moment: range and sort.</summary>
    Time,

    /// <summary>Money: range and sort, exact to the cent.</summary>
    Amount,

    /// <summary>Whole number: range, sort and facet.</summary>
    Number,

    /// <summary>Boolean: filter and facet.</summary>
    Flag,
}

/// <summary>How a personal field is shown (<c>hub.mask</c>).</summary>
public enum MaskRule { None, Name, Id, Account, Phone, Address }

/// <summary>A field of a subject with its annotations.</summary>
public sealed record FieldSchema
{
    /// <summary>Sensitive personal data: never shown whole.</summary>
    public const int SensitiveLevel = 4;

    private const int FirstPersonalLevel = 3;

    public required string Name { get; init; }

    /// <summary>Place in the record, from 0.</summary>
    public required int Ordinal { get; init; }

    public required FieldType Type { get; init; }

    /// <summary>Whether the field is a union with null. <see cref="NullBranch"/> is then the index of null in the union.</summary>
    public required bool Nullable { get; init; }

    public int NullBranch { get; init; }

    /// <summary>Digits of a decimal, in all.</summary>
    public int Precision { get; init; }

    /// <summary>Digits of a decimal behind the point.</summary>
    public int Scale { get; init; }

    /// <summary>What an enum may hold, in the order of the wire.</summary>
    public ImmutableArray<string> Symbols
    {
        get;
        init
        {
            field = value;
            SymbolBytes = [.. value.Select(Encoding.UTF8.GetBytes)];
        }
    } = [];

    /// <summary>Names that the field had in earlier versions.</summary>
    public ImmutableArray<string> Aliases { get; init; } = [];

    /// <summary>What the field holds in records of writers that do not have it; null when it has no default.</summary>
    public FieldDefault? Default { get; init; }

    /// <summary>Chinese term, meaning and unit.</summary>
    public string Doc { get; init; } = "";

    public SearchRole Search { get; init; }

    public bool IsTitle { get; init; }

    /// <summary>Data level 1 (public) to 4 (sensitive personal data).</summary>
    public int Level { get; init; } = 2;

    public MaskRule Mask { get; init; }

    /// <summary>The subject whose document key the value is.</summary>
    public string? Link { get; init; }

    /// <summary>The code list that names the value.</summary>
    public string? CodeList { get; init; }

    /// <summary>Whether the value may name or describe a person, so that it stands in no sentence and no log line.</summary>
    public bool IsPersonal => Mask != MaskRule.None || Level >= FirstPersonalLevel;

    /// <summary>Whether queries may filter, sort, count or search by the field: a masked one would leak what it hides.</summary>
    public bool IsQueryable => Search != SearchRole.None && Mask == MaskRule.None;

    internal byte[][] SymbolBytes { get; private init; } = [];

    /// <summary>The number of an enum's symbol on the wire; -1 when it has none of that name.</summary>
    public int SymbolOf(ReadOnlySpan<byte> utf8)
    {
        for (var i = 0; i < SymbolBytes.Length; i++)
            if (utf8.SequenceEqual(SymbolBytes[i]))
                return i;
        return -1;
    }
}
