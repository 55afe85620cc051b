using System.Collections.Immutable;
using System.Text.Json;

namespace Hub.Core.Schemas.Types;

/// <summary>A type that has a name: record, enum or fixed.</summary>
public abstract class AvroNamed : AvroType
{
    private protected AvroNamed(AvroKind kind, AvroName name, JsonElement json) : base(kind, json)
    {
        Name = name;
        Aliases = [.. AvroAttributes.Texts(json, "aliases").Select(alias => AvroName.Of(alias, name.Space))];
    }

    public AvroName Name { get; }

    public ImmutableArray<AvroName> Aliases { get; }

    public string? Doc => Text("doc");

    private protected override string Word => $"{base.Word} {Name.Full}";
}

/// <summary>A name with its namespace, which is empty for none.</summary>
public readonly record struct AvroName(string Space, string Short)
{
    public string Full => Space.Length == 0 ? Short : $"{Space}.{Short}";

    /// <summary>A name as written: one with a dot brings its namespace, one without takes the enclosing one.</summary>
    public static AvroName Of(string written, string enclosing)
    {
        var dot = written.LastIndexOf('.');
        return dot < 0 ? new(enclosing, written) : new(written[..dot], written[(dot + 1)..]);
    }
}

public sealed class AvroRecord(AvroName name, JsonElement json) : AvroNamed(AvroKind.Record, name, json)
{
    /// <summary>In the order of the wire.</summary>
    public ImmutableArray<AvroField> Fields { get; internal set; } = [];

    public AvroField? Find(string field)
    {
        foreach (var candidate in Fields)
            if (candidate.Name == field)
                return candidate;
        return null;
    }
}

public sealed class AvroEnum(AvroName name, JsonElement json) : AvroNamed(AvroKind.Enum, name, json)
{
    public ImmutableArray<string> Symbols { get; } = [.. AvroAttributes.Texts(json, "symbols")];

    /// <summary>The symbol that a reader takes for one that it does not know, or null.</summary>
    public string? Default { get; } = AvroAttributes.Text(json, "default");
}

public sealed class AvroFixed(AvroName name, JsonElement json) : AvroNamed(AvroKind.Fixed, name, json)
{
    public int Size => AvroAttributes.Number(Json, "size") ?? 0;
}

/// <summary>A field of a record.</summary>
public sealed class AvroField(int ordinal, AvroType type, JsonElement json)
{
    public string Name { get; } = AvroAttributes.Text(json, "name")!;

    /// <summary>Place in the record, from 0.</summary>
    public int Ordinal { get; } = ordinal;

    public AvroType Type { get; } = type;

    /// <summary>Earlier names of the field.</summary>
    public ImmutableArray<string> Aliases { get; } = [.. AvroAttributes.Texts(json, "aliases")];

    /// <summary>The default as JSON; null when there is none, which is not the same as the JSON null.</summary>
    public JsonElement? Default { get; } = json.TryGetProperty("default", out var value) ? value : null;

    /// <summary>As it was written, with every attribute.</summary>
    public JsonElement Json { get; } = json;

    public string? Doc => Text("doc");

    /// <summary>A text attribute, or null.</summary>
    public string? Text(string attribute) => AvroAttributes.Text(Json, attribute);
}
