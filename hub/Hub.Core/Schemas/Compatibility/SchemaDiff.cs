using System.Text.Json;
using Hub.Core.Schemas.Types;

namespace Hub.Core.Schemas.Compatibility;

public enum ChangeKind { Added, Removed, Renamed, Type, Default, Attribute }

/// <summary>One difference between two versions.</summary>
/// <param name="Field">By its name in the later version, or in the earlier one when it is gone; empty for the record itself.</param>
/// <param name="What">What changed, in few words.</param>
/// <param name="Backward">What it means when the later version reads records of the earlier one.</param>
/// <param name="Forward">What it means when the earlier version reads records of the later one.</param>
public sealed record SchemaChange(ChangeKind Kind, string Field, string What, ChangeMeaning Backward, ChangeMeaning Forward);

/// <param name="IsCompatible">Whether that direction still reads everything.</param>
/// <param name="Text">One sentence.</param>
public sealed record ChangeMeaning(bool IsCompatible, string Text);

/// <summary>What differs between two versions of a record, field by field, and what each difference means.</summary>
public sealed class SchemaDiff
{
    private static readonly ChangeMeaning NoEffect = new(true, "The bytes are the same.");
    private static readonly ChangeMeaning IndexEffect = new(true, "The bytes are the same; hub schemas check says whether the index must be built again.");

    private readonly AvroRecord from;
    private readonly AvroRecord to;
    private readonly IReadOnlyList<Incompatibility> backward;
    private readonly IReadOnlyList<Incompatibility> forward;
    private readonly List<SchemaChange> changes = [];

    private SchemaDiff(AvroRecord from, AvroRecord to)
    {
        (this.from, this.to) = (from, to);
        backward = SchemaCompatibility.Check(to, from, NewSide.Reader);
        forward = SchemaCompatibility.Check(from, to, NewSide.Writer);
    }

    public static IReadOnlyList<SchemaChange> Between(AvroRecord from, AvroRecord to)
    {
        var diff = new SchemaDiff(from, to);
        diff.Compare();
        return diff.changes;
    }

    private void Compare()
    {
        if (from.Name.Full != to.Name.Full)
            Add(ChangeKind.Renamed, "", $"record {from.Name.Full} → {to.Name.Full}", "The name matches without its namespace, or by alias.", "The name matches without its namespace, or by alias.");
        CompareAttributes("", from.Json, to.Json);
        var found = new HashSet<AvroField>();
        foreach (var field in to.Fields)
        {
            if (SchemaCompatibility.WriterOf(field, to, from) is not { } old)
                AddNew(field);
            else if (found.Add(old))
                Compare(old, field);
        }

        foreach (var gone in from.Fields.Where(field => !found.Contains(field)))
            Add(ChangeKind.Removed, gone.Name, $"was {gone.Type}", "It is skipped in earlier records.", $"Earlier readers take their default {Shown(gone.Default)}.");
    }

    private void AddNew(AvroField field)
        => Add(
            ChangeKind.Added, field.Name, $"{field.Type}{(field.Default is null ? "" : $", default {Shown(field.Default)}")}",
            $"Earlier records are read with the default {Shown(field.Default)}.", "Earlier readers skip it.");

    private void Compare(AvroField old, AvroField field)
    {
        if (old.Name != field.Name)
            AddRenamed(old, field);
        if (AvroCanonicalForm.WithAttributes(old.Type) != AvroCanonicalForm.WithAttributes(field.Type))
            AddType(old, field);
        if (Shown(old.Default) != Shown(field.Default))
            Add(
                ChangeKind.Default, field.Name, $"{Shown(old.Default)} → {Shown(field.Default)}",
                "It counts for records that do not have the field.", "Earlier readers keep theirs, for records that do not have the field.");
        CompareAttributes(field.Name, old.Json, field.Json);
    }

    private void AddRenamed(AvroField old, AvroField field)
    {
        // Under the old name the earlier reader finds nothing, so its fault is told under that name.
        var lost = SchemaCompatibility.WriterOf(old, from, to) is null ? FaultOf(forward, old.Name) : null;
        changes.Add(new(
            ChangeKind.Renamed, field.Name, $"was '{old.Name}'", new(true, "Earlier records are read by the alias."),
            lost is null ? new(true, $"Earlier readers do not find it and take their default {Shown(old.Default)}.") : new(false, lost.Rule)));
    }

    private void AddType(AvroField old, AvroField field)
    {
        var isSame = AvroCanonicalForm.Of(old.Type) == AvroCanonicalForm.Of(field.Type);
        var fits = isSame ? "The bytes are the same." : "Every value can be taken.";
        Add(ChangeKind.Type, field.Name, $"{old.Type} → {field.Type}", fits, fits, old.Name);
    }

    /// <summary>Those that have no line of their own; an alias is told as a new name, if it is one.</summary>
    private void CompareAttributes(string field, JsonElement before, JsonElement after)
    {
        var names = before.EnumerateObject().Concat(after.EnumerateObject()).Select(property => property.Name).Distinct(StringComparer.Ordinal);
        foreach (var name in names.Where(name => name is not ("name" or "namespace" or "type" or "fields" or "default" or "aliases")))
        {
            var (old, now) = (Attribute(before, name), Attribute(after, name));
            var meaning = field.Length > 0 && name.StartsWith("hub.", StringComparison.Ordinal) ? IndexEffect : NoEffect;
            if (Shown(old) != Shown(now))
                changes.Add(new(ChangeKind.Attribute, field, $"{name}: {Shown(old)} → {Shown(now)}", meaning, meaning));
        }
    }

    private void Add(ChangeKind kind, string field, string what, string backwardText, string forwardText, string? earlierName = null)
        => changes.Add(new(kind, field, what, Meaning(FaultOf(backward, field), backwardText), Meaning(FaultOf(forward, earlierName ?? field), forwardText)));

    private static ChangeMeaning Meaning(Incompatibility? fault, string otherwise) => fault is null ? new(true, otherwise) : new(false, fault.Rule);

    private static Incompatibility? FaultOf(IReadOnlyList<Incompatibility> faults, string field)
        => faults.FirstOrDefault(fault => fault.Field == field || (field.Length > 0 && fault.Field.StartsWith(field + ".", StringComparison.Ordinal)));

    private static JsonElement? Attribute(JsonElement json, string name) => json.TryGetProperty(name, out var value) ? value : null;

    private static string Shown(JsonElement? json) => json?.GetRawText() ?? "none";
}
