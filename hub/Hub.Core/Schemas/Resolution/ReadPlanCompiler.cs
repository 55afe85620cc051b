using System.Text;
using Hub.Core.Schemas.Compatibility;
using Hub.Core.Schemas.Types;

namespace Hub.Core.Schemas.Resolution;

/// <summary>Compiles a plan by Avro's schema resolution, and knows what the numbers mean that Avro would take for equal.</summary>
internal sealed class ReadPlanCompiler(SubjectSchema reader, AvroRecord writer)
{
    private readonly IncompatibilityWording wording = new(NewSide.Reader);
    private readonly List<Incompatibility> faults = [];
    private bool isReadable = true;

    public IReadOnlyList<Incompatibility> Faults => faults;

    /// <summary>Null when no record could be read.</summary>
    public ReadStep[]? Compile()
    {
        if (!SchemaCompatibility.IsSameName(reader.Type, writer))
            Refuse(wording.Name(reader.Type, writer, CompatibilityPlace.Root.Below("name")));

        var targets = reader.Type.Fields.ToLookup(field => SchemaCompatibility.WriterOf(field, reader.Type, writer));
        var steps = writer.Fields.Select(source => targets[source].FirstOrDefault() is { } target ? StepOf(target, source.Type) : Skip(source)).ToList();
        steps.AddRange(targets[null].Select(DefaultOf));
        return isReadable ? [.. steps] : null;
    }

    private static ReadStep Skip(AvroField field) => new(ReadAction.Skip, -1, field.Name, field.Type);

    private ReadStep StepOf(AvroField target, AvroType source)
    {
        var step = StepOf(reader.Fields[target.Ordinal], target, source);
        // A union of which no branch can be read is as bad as a type that cannot.
        if (step.Action == ReadAction.Refuse || (step.Branches.Length > 0 && step.Branches.All(branch => branch.Action == ReadAction.Refuse)))
            isReadable = false;
        return step;
    }

    private ReadStep StepOf(FieldSchema field, AvroField target, AvroType source)
    {
        if (source is AvroUnion union)
            return new(ReadAction.Union, field.Ordinal, field.Name, source) { Branches = [.. union.Branches.Select(branch => StepOf(field, target, branch))] };

        var action = ActionOf(field, source);
        if (action == ReadAction.Symbol)
            return SymbolsOf(field, target, (AvroEnum)source);
        if (action == ReadAction.Refuse)
            faults.Add(FaultOf(field, target, source));
        return new(action, field.Ordinal, field.Name, source);
    }

    private static ReadAction ActionOf(FieldSchema field, AvroType source) => (field.Type, source.Kind) switch
    {
        (_, AvroKind.Null) => field.Nullable ? ReadAction.Null : ReadAction.Refuse,
        (FieldType.String, AvroKind.String) => ReadAction.Text,
        (FieldType.String, AvroKind.Bytes) when source.Decimal is null => ReadAction.Text,
        (FieldType.Boolean, AvroKind.Boolean) => ReadAction.Boolean,
        (FieldType.Int, AvroKind.Int) => ReadAction.Int,
        (FieldType.Date, AvroKind.Int) when IsPlainOr(source, "date") => ReadAction.Int,
        (FieldType.Long, AvroKind.Int) => ReadAction.Int,
        (FieldType.Long, AvroKind.Long) => ReadAction.Long,
        (FieldType.Timestamp, AvroKind.Int) when IsPlainOr(source, null) => ReadAction.Int,
        (FieldType.Timestamp, AvroKind.Long) when source.LogicalType == "timestamp-millis" => ReadAction.Milliseconds,
        (FieldType.Timestamp, AvroKind.Long) when IsPlainOr(source, "timestamp-micros") => ReadAction.Long,
        (FieldType.Decimal, AvroKind.Bytes) when source.Decimal is { } from && from.Scale == field.Scale && from.Precision <= field.Precision => ReadAction.Decimal,
        (FieldType.Enum, AvroKind.Enum) => ReadAction.Symbol,
        _ => ReadAction.Refuse,
    };

    // Avro resolves the number below a logical type. A time of day taken for a day would be wrong without a word.
    private static bool IsPlainOr(AvroType type, string? logical)
        => type.LogicalType is not { } name || name == logical
            || name is not ("date" or "time-millis" or "time-micros" or "timestamp-millis" or "timestamp-micros" or "timestamp-nanos"
                or "local-timestamp-millis" or "local-timestamp-micros" or "local-timestamp-nanos");

    private ReadStep SymbolsOf(FieldSchema field, AvroField target, AvroEnum source)
    {
        var own = (AvroEnum)BareTypeOf(target);
        if (!SchemaCompatibility.IsSameName(own, source))
        {
            faults.Add(FaultOf(field, target, source));
            return new(ReadAction.Refuse, field.Ordinal, field.Name, source);
        }

        var symbols = source.Symbols.Select(symbol => own.Symbols.Contains(symbol) ? symbol : own.Default).Select(symbol => symbol is null ? null : Encoding.UTF8.GetBytes(symbol));
        return new(ReadAction.Symbol, field.Ordinal, field.Name, source) { Symbols = [.. symbols] };
    }

    private ReadStep DefaultOf(AvroField target)
    {
        var field = reader.Fields[target.Ordinal];
        if (field.Default is null)
            Refuse(wording.Default(target, CompatibilityPlace.Root.OfField(target.Ordinal, target.Name)));
        return new(field.Default?.IsNull == true ? ReadAction.Null : ReadAction.Default, field.Ordinal, field.Name, null) { Default = field.Default };
    }

    /// <summary>In the words of the general check where that would say the same, so that it is said once.</summary>
    private Incompatibility FaultOf(FieldSchema field, AvroField target, AvroType source)
    {
        var place = CompatibilityPlace.Root.OfField(target.Ordinal, field.Name).Below("type");
        var bare = BareTypeOf(target);
        return target.Type is AvroUnion union && SchemaCompatibility.Check(union, source).Count > 0 ? wording.Branch(union, source, place)
            : bare.Decimal is { } to && source.Decimal is { } from ? wording.Decimal(to, from, place)
            : bare is AvroNamed name && source is AvroNamed other && bare.Kind == source.Kind ? wording.Name(name, other, place.Below("name"))
            : wording.Type(bare, source, place);
    }

    private static AvroType BareTypeOf(AvroField field)
        => field.Type is AvroUnion union ? union.Branches.First(branch => branch.Kind != AvroKind.Null) : field.Type;

    private void Refuse(Incompatibility fault)
    {
        faults.Add(fault);
        isReadable = false;
    }
}
