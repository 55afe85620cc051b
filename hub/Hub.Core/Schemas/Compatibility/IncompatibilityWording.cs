using Hub.Core.Schemas.Types;

namespace Hub.Core.Schemas.Compatibility;

/// <summary>Says what is wrong and what to change in the schema that is new.</summary>
internal sealed class IncompatibilityWording(NewSide side)
{
    private bool ReaderIsNew => side == NewSide.Reader;

    public Incompatibility Type(AvroType reader, AvroType writer, CompatibilityPlace place)
        => new(
            IncompatibilityKind.TypeMismatch, place.Path, place.Field, $"reader type: {reader}, writer type: {writer}",
            $"{NameOf(place)} is {writer} for the writer, and no rule of Avro turns that into the reader's {reader}.",
            ReaderIsNew ? $"Keep the type {writer}, or give the new type a field of its own." : $"Keep the type {reader}, or give the new type a field of its own.");

    public Incompatibility Branch(AvroUnion reader, AvroType writer, CompatibilityPlace place)
        => new(
            IncompatibilityKind.MissingUnionBranch, place.Path, place.Field, $"reader union lacking writer type: {writer}",
            $"{NameOf(place)} may be {writer} for the writer, and the reader's union {reader} has no branch that takes it.",
            ReaderIsNew ? $"Add {writer} to the union." : $"Take {writer} out of the type.");

    public Incompatibility Name(AvroNamed reader, AvroNamed writer, CompatibilityPlace place)
        => new(
            IncompatibilityKind.NameMismatch, place.Path, place.Field, $"expected: {writer.Name.Full}",
            $"{NameOf(place)} is the {KindOf(writer)} {writer.Name.Full} for the writer but {reader.Name.Full} for the reader, which has no alias of that name.",
            ReaderIsNew ? $"Name it {writer.Name.Short}, or give it \"aliases\": [\"{writer.Name.Full}\"]." : $"Keep the name {reader.Name.Short}.");

    public Incompatibility Default(AvroField field, CompatibilityPlace place)
        => new(
            IncompatibilityKind.ReaderFieldMissingDefaultValue, place.Path, place.Field, place.Field,
            $"{NameOf(place)} is not in the writer's schema, and the reader has no default for it.",
            ReaderIsNew
                ? $"Give '{field.Name}' a default; if it is an old field with a new name, give it the old one as an alias."
                : $"Keep '{field.Name}' in the schema; only a field with a default may be left out.");

    public Incompatibility Symbols(string[] missing, CompatibilityPlace place)
        => new(
            IncompatibilityKind.MissingEnumSymbols, place.Path, place.Field, $"[{string.Join(", ", missing)}]",
            $"{NameOf(place)} may hold {string.Join(", ", missing)} for the writer, which the reader's enum does not have, and the reader's enum has no default.",
            ReaderIsNew ? "Keep those symbols, or give the enum a \"default\" that is one of its symbols." : "Leave those symbols out: the earlier readers do not know them.");

    public Incompatibility Size(AvroFixed reader, AvroFixed writer, CompatibilityPlace place)
        => new(
            IncompatibilityKind.FixedSizeMismatch, place.Path, place.Field, $"expected: {writer.Size}, found: {reader.Size}",
            $"{NameOf(place)} has {writer.Size} bytes for the writer but {reader.Size} for the reader; a fixed never changes its size.",
            $"Keep the size {(ReaderIsNew ? writer.Size : reader.Size)}, or give the new type another name and field.");

    public Incompatibility Decimal(DecimalShape reader, DecimalShape writer, CompatibilityPlace place)
        => new(
            IncompatibilityKind.TypeMismatch, place.Path, place.Field, $"reader type: {reader}, writer type: {writer}",
            reader.Scale != writer.Scale
                ? $"{NameOf(place)} is {writer} for the writer and {reader} for the reader; the bytes do not say the scale, so the amounts would be wrong."
                : $"{NameOf(place)} is {writer} for the writer, which may be more digits than the reader's {reader} holds.",
            (ReaderIsNew, reader.Scale == writer.Scale) switch
            {
                (true, true) => $"Give it a precision of at least {writer.Precision}.",
                (false, true) => $"Keep the precision at {reader.Precision} or less.",
                _ => $"Keep the scale {(ReaderIsNew ? writer.Scale : reader.Scale)}, or give the amount with another scale a field of its own.",
            });

    private static string NameOf(CompatibilityPlace place) => place.Field.Length == 0 ? "The schema" : $"Field '{place.Field}'";

    private static string KindOf(AvroNamed type) => type.Kind.ToString().ToLowerInvariant();
}
