using System.Runtime.CompilerServices;
using Hub.Core.Ops;
using Hub.Core.Schemas.Types;

namespace Hub.Core.Schemas.Compatibility;

/// <summary>
/// Whether a reader's schema can take whatever a writer's schema wrote. Source: Avro 1.12 specification, "Schema Resolution";
/// names are compared without their namespace, as Avro for Java does it and the registry with it.
/// </summary>
public sealed class SchemaCompatibility
{
    private readonly Dictionary<(AvroType Reader, AvroType Writer), List<Incompatibility>> known = [];
    private readonly IncompatibilityWording wording;

    private SchemaCompatibility(NewSide side) => wording = new(side);

    /// <summary>Everything that is incompatible, each place once; empty when the reader reads all that the writer can write.</summary>
    /// <exception cref="HubException">The types lead on through more names than can be followed.</exception>
    public static IReadOnlyList<Incompatibility> Check(AvroType reader, AvroType writer, NewSide newSide = NewSide.Reader)
    {
        try
        {
            return new SchemaCompatibility(newSide).Compare(reader, writer, CompatibilityPlace.Root);
        }
        catch (InsufficientExecutionStackException failure)
        {
            throw new HubException(new Finding(Codes.SchemaInvalid, Severity.Error, "schema", "the types are nested too deeply to be compared.", "Use fewer types inside each other."), failure);
        }
    }

    /// <summary>Whether the writer's type is one that this reader's type takes as it is or promoted, without a look at what they hold.</summary>
    internal static bool IsPromotion(AvroKind reader, AvroKind writer) => (writer, reader) switch
    {
        (AvroKind.Int, AvroKind.Long or AvroKind.Float or AvroKind.Double) => true,
        (AvroKind.Long, AvroKind.Float or AvroKind.Double) => true,
        (AvroKind.Float, AvroKind.Double) => true,
        (AvroKind.String, AvroKind.Bytes) or (AvroKind.Bytes, AvroKind.String) => true,
        _ => false,
    };

    /// <summary>Whether a reader's named type stands for the writer's.</summary>
    internal static bool IsSameName(AvroNamed reader, AvroNamed writer)
        => reader.Name.Short == writer.Name.Short || reader.Aliases.Contains(writer.Name);

    /// <summary>
    /// The writer's field that a reader's field takes its value from, by name or else by alias; null when there is none. An alias does
    /// not take the field from one that has the name itself.
    /// </summary>
    internal static AvroField? WriterOf(AvroField field, AvroRecord reader, AvroRecord writer)
        => writer.Find(field.Name) ?? field.Aliases.Where(alias => reader.Find(alias) is null).Select(writer.Find).FirstOrDefault(found => found is not null);

    private List<Incompatibility> Compare(AvroType reader, AvroType writer, CompatibilityPlace place)
    {
        if (known.TryGetValue((reader, writer), out var faults))
            return faults;

        RuntimeHelpers.EnsureSufficientExecutionStack();
        // A type that comes back to itself is compatible as far as this goes: the rest of it is being compared.
        known[(reader, writer)] = [];
        return known[(reader, writer)] = [.. Find(reader, writer, place).Distinct()];
    }

    private IEnumerable<Incompatibility> Find(AvroType reader, AvroType writer, CompatibilityPlace place) => (reader, writer) switch
    {
        (AvroUnion to, AvroUnion from) => from.Branches.SelectMany((branch, i) => FindBranch(to, branch, place.Below(i))),
        (_, AvroUnion from) => from.Branches.SelectMany(branch => Compare(reader, branch, place)),
        (AvroUnion to, _) => FindBranch(to, writer, place),
        (AvroRecord to, AvroRecord from) => [.. FindName(to, from, place), .. to.Fields.SelectMany(field => FindField(field, to, from, place))],
        (AvroEnum to, AvroEnum from) => [.. FindName(to, from, place), .. FindSymbols(to, from, place)],
        (AvroFixed to, AvroFixed from) => [.. FindName(to, from, place), .. FindSize(to, from, place), .. FindDecimal(to, from, place)],
        (AvroArray to, AvroArray from) => Compare(to.Items, from.Items, place.Below("items")),
        (AvroMap to, AvroMap from) => Compare(to.Values, from.Values, place.Below("values")),
        _ when reader.Kind == writer.Kind => FindDecimal(reader, writer, place),
        _ when IsPromotion(reader.Kind, writer.Kind) => [],
        _ => [wording.Type(reader, writer, place)],
    };

    private IEnumerable<Incompatibility> FindBranch(AvroUnion reader, AvroType writer, CompatibilityPlace place)
        => reader.Branches.Any(branch => MayMatch(branch, writer) && Compare(branch, writer, place).Count == 0) ? [] : [wording.Branch(reader, writer, place)];

    // Two unions of a thousand records each would otherwise be a million comparisons to remember.
    private static bool MayMatch(AvroType reader, AvroType writer)
        => (reader.Kind == writer.Kind || IsPromotion(reader.Kind, writer.Kind)) && (reader is not AvroNamed name || IsSameName(name, (AvroNamed)writer));

    private IEnumerable<Incompatibility> FindName(AvroNamed reader, AvroNamed writer, CompatibilityPlace place)
        => IsSameName(reader, writer) ? [] : [wording.Name(reader, writer, place.Below("name"))];

    private IEnumerable<Incompatibility> FindField(AvroField field, AvroRecord reader, AvroRecord writer, CompatibilityPlace record)
    {
        var place = record.OfField(field.Ordinal, field.Name);
        if (WriterOf(field, reader, writer) is { } source)
            return Compare(field.Type, source.Type, place.Below("type"));
        return field.Default is null ? [wording.Default(field, place)] : [];
    }

    private IEnumerable<Incompatibility> FindSymbols(AvroEnum reader, AvroEnum writer, CompatibilityPlace place)
    {
        if (reader.Default is { } taken && reader.Symbols.Contains(taken))
            return [];
        var missing = writer.Symbols.Except(reader.Symbols, StringComparer.Ordinal).Order(StringComparer.Ordinal).ToArray();
        return missing.Length == 0 ? [] : [wording.Symbols(missing, place.Below("symbols"))];
    }

    private IEnumerable<Incompatibility> FindSize(AvroFixed reader, AvroFixed writer, CompatibilityPlace place)
        => reader.Size == writer.Size ? [] : [wording.Size(reader, writer, place.Below("size"))];

    /// <summary>
    /// The number's bytes say nothing of its scale, so another scale would read 1.00 as 100 without a word. More digits
    /// than the reader declares would be more than it keeps; fewer are safe.
    /// </summary>
    private IEnumerable<Incompatibility> FindDecimal(AvroType reader, AvroType writer, CompatibilityPlace place)
        => reader.Decimal is { } to && writer.Decimal is { } from && (to.Scale != from.Scale || to.Precision < from.Precision)
            ? [wording.Decimal(to, from, place)]
            : [];
}
