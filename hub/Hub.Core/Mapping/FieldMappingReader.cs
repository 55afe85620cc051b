using System.Collections.Immutable;
using Hub.Core.Ops;
using Hub.Core.Schemas;

namespace Hub.Core.Mapping;

/// <summary>Reads one entry of <c>fields</c> and checks that it suits the field's type.</summary>
internal sealed class FieldMappingReader(CodeLists lists, TimeSpan zone, YamlFile yaml)
{
    public FieldMapping? Read(FieldSchema field, YamlText name, YamlPart part)
    {
        if (part is YamlText { IsNull: false, Value.Length: > 0 } column)
            return new FieldMapping { Field = field.Name, Place = name.Place, Column = column.Value };
        if (part is YamlMap map)
            return ReadLong(field, name, new YamlKeys(map, $"field '{field.Name}'", yaml));
        yaml.Fail(Codes.ValueInvalid, part.Place, $"field '{field.Name}' holds {part.What} where a column should be.", $"Write '{field.Name}: <column>' or '{field.Name}: {{ column: … }}'.");
        return null;
    }

    private FieldMapping ReadLong(FieldSchema field, YamlText name, YamlKeys keys)
    {
        var column = keys.TakeText("column");
        var constant = keys.TakeText("constant");
        var compose = keys.TakeNames("compose");
        var mapping = new FieldMapping
        {
            Field = field.Name,
            Place = name.Place,
            Column = column is { IsNull: false, Value.Length: > 0 } ? column.Value : null,
            Constant = constant is { IsNull: false } ? constant.Value : null,
            Compose = [.. compose.Select(part => part.Value)],
            Values = ReadValues(field, keys),
            UnitPower = ReadUnit(field, keys.TakeText("unit")),
            CodeList = ReadCodes(field, keys.TakeText("codes")),
            RefuseUnknown = ReadUnknown(keys),
            Trim = keys.TakeFlag("trim"),
            NullIf = keys.TakeText("nullIf")?.Value,
        };
        keys.RefuseOthers();
        CheckOrigin(field, mapping, keys);
        if (constant is not null)
            CheckConstant(field, mapping, constant);
        return mapping;
    }

    private ImmutableDictionary<string, string?>? ReadValues(FieldSchema field, YamlKeys keys)
    {
        if (keys.TakeMap("values") is not { } map)
            return null;
        if (field.Type is FieldType.Decimal or FieldType.Date or FieldType.Timestamp)
            yaml.Fail(Codes.ValueInvalid, map.Place, $"field '{field.Name}' is {Name(field.Type)}; 'values' translates to text, booleans and whole numbers only.", "Take 'values' out; a decimal may have 'unit'.");

        var values = ImmutableDictionary.CreateBuilder<string, string?>(StringComparer.Ordinal);
        foreach (var (from, part) in map.Pairs)
        {
            if (part is not YamlText to || new ValueCast(field, 0, 0).Encode(to.IsNull ? null : to.Value) is null)
                yaml.Fail(Codes.ValueInvalid, part.Place, $"'{from.Value}' becomes {Shown(part)}, which does not fit field '{field.Name}'.", $"Expected is {Refusal.Expected(field)}.");
            else
                values[from.Value] = to.IsNull ? null : to.Value;
        }

        return values.ToImmutable();
    }

    private int ReadUnit(FieldSchema field, YamlText? unit)
    {
        if (unit is null)
            return 0;
        if (field.Type != FieldType.Decimal)
            yaml.Fail(Codes.ValueInvalid, unit.Place, $"field '{field.Name}' is {Name(field.Type)} and has no unit.", "Take 'unit' out; amounts are decimals.");
        else if (unit.Value is not ("元" or "万元"))
            yaml.Fail(Codes.ValueInvalid, unit.Place, $"'{unit.Value}' is not a unit that Hub knows.", "Write 元 or 万元.");
        return unit.Value == "万元" ? 4 : 0;
    }

    private string? ReadCodes(FieldSchema field, YamlText? list)
    {
        if (list is null)
            return null;
        if (field.Type != FieldType.String)
            yaml.Fail(Codes.ValueInvalid, list.Place, $"field '{field.Name}' is {Name(field.Type)}; codes are text.", "Take 'codes' out.");
        else if (!lists.Contains(list.Value))
            yaml.Fail(Codes.ValueInvalid, list.Place, $"there is no code list '{list.Value}'.", Nearest.Suggest(list.Value, [.. lists.Names], "code lists"));
        return list.Value;
    }

    private bool ReadUnknown(YamlKeys keys)
    {
        if (keys.TakeText("unknown") is not { } unknown)
            return false;
        if (unknown.Value is not ("keep" or "refuse"))
            yaml.Fail(Codes.ValueInvalid, unknown.Place, $"'unknown' is '{unknown.Value}'.", Nearest.Suggest(unknown.Value, ["keep", "refuse"], "choices"));
        if (keys.Take("codes") is null)
            yaml.Fail(Codes.MissingSetting, unknown.Place, "'unknown' says what to do with codes, but there is no 'codes'.", "Name the code list: 'codes: …'.");
        return unknown.Value == "refuse";
    }

    private void CheckOrigin(FieldSchema field, FieldMapping mapping, YamlKeys keys)
    {
        var origins = new[] { "column", "constant", "compose" }.Where(key => keys.Take(key) is not null).ToList();
        if (origins.Count == 0)
            yaml.Fail(Codes.MissingSetting, keys.Place, $"field '{field.Name}' has no 'column'.", "Add 'column: …', or 'constant: …', or 'compose: [column, …]'.");
        if (origins.Count > 1)
            yaml.Fail(Codes.ValueInvalid, keys.Place, $"field '{field.Name}' has {string.Join(" and ", origins.Select(key => $"'{key}'"))}.", "Keep one of them.");
        if (origins is not [var origin])
            return;

        if (origin == "column" && mapping.Column is null && keys.Take("column") is YamlText { IsNull: true } empty)
            yaml.Fail(Codes.ValueInvalid, empty.Place, $"'column' of field '{field.Name}' is empty.", "Name a column.");
        if (origin == "compose" && field.Type != FieldType.String)
            yaml.Fail(Codes.ValueInvalid, keys.Take("compose")!.Place, $"field '{field.Name}' is {Name(field.Type)}; columns are joined to text.", "Take one column.");
        if (origin == "compose" && keys.Take("compose") is YamlList { Parts.Count: 0 } none)
            yaml.Fail(Codes.ValueInvalid, none.Place, $"'compose' of field '{field.Name}' names no column.", "Write compose: [column, column].");
        if (origin != "column")
            foreach (var key in new[] { "values", "unit", "trim", "nullIf", "codes" }.Where(key => keys.Take(key) is not null))
                yaml.Fail(Codes.ValueInvalid, keys.Take(key)!.Place, $"'{key}' goes with 'column', not with '{origin}'.", $"Take '{key}' out.");
    }

    private void CheckConstant(FieldSchema field, FieldMapping mapping, YamlText constant)
    {
        if (mapping.Constant is null)
            yaml.Fail(Codes.ValueInvalid, constant.Place, $"the constant of field '{field.Name}' is null.", "Leave the field out, or give it a value.");
        else if (new ValueCast(field, 0, zone.Ticks / TimeSpan.TicksPerMicrosecond).Encode(mapping.Constant) is null)
            yaml.Fail(Codes.ValueInvalid, constant.Place, $"the constant '{mapping.Constant}' does not fit field '{field.Name}'.", $"Expected is {Refusal.Expected(field)}.");
    }

    private static string Shown(YamlPart part) => part is YamlText { IsNull: false } text ? $"'{text.Value}'" : part is YamlText ? "null" : part.What;

    private static string Name(FieldType type) => type switch
    {
        FieldType.String => "text",
        FieldType.Boolean => "a boolean",
        FieldType.Int or FieldType.Long => "a whole number",
        FieldType.Decimal => "a decimal",
        FieldType.Date => "a day",
        FieldType.Enum => "one of some symbols",
        _ => "a date and time",
    };
}
