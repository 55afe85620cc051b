using System.Collections.Immutable;

namespace Hub.Core.Mapping;

/// <summary>How the rows of one table become records of one subject.</summary>
public sealed record TableMapping
{
    /// <summary>The qualified name, such as <c>public.pay_voucher</c>.</summary>
    public required string Table { get; init; }

    public required string Subject { get; init; }

    /// <summary>The columns whose values make the document key, in order.</summary>
    public required ImmutableArray<string> Key { get; init; }

    /// <summary>The column that marks a row as deleted, if there is one.</summary>
    public SoftDelete? Deleted { get; init; }

    /// <summary>Columns that are known and not taken.</summary>
    public ImmutableArray<string> Ignore { get; init; } = [];

    public ImmutableArray<FieldMapping> Fields { get; init; } = [];

    /// <summary>The Kafka topic of a captured table, where its name does not tell; null otherwise.</summary>
    public string? Topic { get; init; }

    /// <summary>The source's own types of columns, where its records do not tell them.</summary>
    public ImmutableDictionary<string, Setting> Types { get; init; } = ImmutableDictionary<string, Setting>.Empty;

    /// <summary>What a time without a zone is ahead of UTC.</summary>
    public TimeSpan TimeZone { get; init; } = TimeSpan.FromHours(8);

    /// <summary><c>file:line:column</c>.</summary>
    public required string Place { get; init; }

    /// <summary>Every column that the mapping reads, each once.</summary>
    public IEnumerable<string> Columns
        => Key.Concat(Deleted is null ? [] : [Deleted.Column]).Concat(Fields.SelectMany(entry => entry.Columns)).Distinct(StringComparer.Ordinal);
}

/// <summary>A column that says whether the row is deleted, and what its values mean.</summary>
public sealed record SoftDelete(string Column, ImmutableDictionary<string, bool> Values);

/// <summary>Where the value of one field comes from: a column, a constant, or several columns joined.</summary>
public sealed record FieldMapping
{
    public required string Field { get; init; }

    /// <summary><c>file:line:column</c>.</summary>
    public required string Place { get; init; }

    public string? Column { get; init; }

    public string? Constant { get; init; }

    /// <summary>Columns joined as a document key; null when one of them is null or empty.</summary>
    public ImmutableArray<string> Compose { get; init; } = [];

    /// <summary>What each value of the column becomes; a value that is not there refuses the row.</summary>
    public ImmutableDictionary<string, string?>? Values { get; init; }

    /// <summary>The power of ten that turns the column's unit into 元: 4 for 万元.</summary>
    public int UnitPower { get; init; }

    public string? CodeList { get; init; }

    /// <summary>Whether a code that the list does not have refuses the row.</summary>
    public bool RefuseUnknown { get; init; }

    public bool Trim { get; init; }

    /// <summary>A text that stands for null; compared after trimming.</summary>
    public string? NullIf { get; init; }

    public IEnumerable<string> Columns => Column is null ? Compose : [Column];
}
