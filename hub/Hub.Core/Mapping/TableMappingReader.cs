using System.Collections.Immutable;
using Hub.Core.Ops;
using Hub.Core.Schemas;

namespace Hub.Core.Mapping;

/// <summary>Reads one entry of <c>tables</c>.</summary>
internal sealed class TableMappingReader(SchemaCatalog catalog, TimeSpan zone, bool hasTopics, YamlFile yaml)
{
    /// <summary>The mapping as far as it could be read; null without a table or subject. Mistakes are findings.</summary>
    public TableMapping? Read(YamlMap map)
    {
        var keys = new YamlKeys(map, "the table", yaml);
        var table = keys.RequireText("table", "Add 'table: schema.table'.");
        if (table is not null && table.Value.Split('.') is not [{ Length: > 0 }, { Length: > 0 }])
            yaml.Fail(Codes.ValueInvalid, table.Place, $"'{table.Value}' is not a qualified table name.", "Write schema.table, such as public.pay_voucher.");
        var subject = keys.RequireText("subject", "Add 'subject: …' with the subject that the rows become.");
        var schema = subject is null ? null : FindSubject(subject);
        var key = ReadKey(keys);
        var deleted = ReadDeleted(keys.TakeMap("deleted"));
        var ignore = keys.TakeNames("ignore");
        var fields = ReadFields(keys, schema);
        var topic = hasTopics ? keys.TakeText("topic") : null;
        var types = hasTopics ? ReadTypes(keys.TakeMap("types")) : ImmutableDictionary<string, Setting>.Empty;
        keys.RefuseOthers();
        if (table is null || schema is null)
            return null;

        var mapping = new TableMapping
        {
            Table = table.Value, Subject = schema.Subject, Key = key, Deleted = deleted, Fields = fields, TimeZone = zone, Place = map.Place,
            Topic = topic is { IsNull: false, Value.Length: > 0 } ? topic.Value : null, Types = types,
            Ignore = [.. ignore.Select(column => column.Value)],
        };
        CheckIgnored(mapping, ignore);
        CheckMasked(mapping, schema);
        return mapping;
    }

    private SubjectSchema? FindSubject(YamlText subject)
    {
        var schema = catalog.Find(subject.Value);
        if (schema is null)
            yaml.Fail(Codes.UnknownSubject, subject.Place, $"there is no subject '{subject.Value}'.", Nearest.Suggest(subject.Value, [.. catalog.Subjects.Select(known => known.Subject)], "subjects"));
        return schema;
    }

    private ImmutableArray<string> ReadKey(YamlKeys keys)
    {
        var part = keys.Take("key");
        if (part is null or YamlText { IsNull: true } or YamlList { Parts.Count: 0 })
            yaml.Fail(Codes.MissingSetting, part?.Place ?? keys.Place, "the table has no 'key'.", "Add 'key: [column]' with the columns of the primary key, in order.");
        return part is YamlText { IsNull: true } ? [] : [.. keys.TakeNames("key").Select(column => column.Value)];
    }

    private SoftDelete? ReadDeleted(YamlMap? map)
    {
        if (map is null)
            return null;
        var keys = new YamlKeys(map, "'deleted'", yaml);
        var column = keys.RequireText("column", "Name the column that tells whether a row is deleted.");
        var part = keys.Take("values");
        var values = ImmutableDictionary.CreateBuilder<string, bool>(StringComparer.Ordinal);
        foreach (var (value, meaning) in (part as YamlMap)?.Pairs ?? [])
        {
            if (meaning is YamlText { Value: "true" or "false" } flag)
                values[value.Value] = flag.Value == "true";
            else
                yaml.Fail(Codes.ValueInvalid, meaning.Place, $"'{value.Value}' of 'deleted' is neither true nor false.", "Write true for a deleted row, false for one that is there.");
        }

        keys.RefuseOthers();
        if (part is not YamlMap { Pairs.Count: > 0 })
            yaml.Fail(Codes.MissingSetting, part?.Place ?? map.Place, "'deleted' has no 'values'.", "Say what each value means, such as values: { \"1\": true, \"2\": false }.");
        return column is null ? null : new SoftDelete(column.Value, values.ToImmutable());
    }

    private ImmutableDictionary<string, Setting> ReadTypes(YamlMap? map)
    {
        var types = ImmutableDictionary.CreateBuilder<string, Setting>(StringComparer.Ordinal);
        foreach (var (column, part) in map?.Pairs ?? [])
            if (part is YamlText { IsNull: false, Value.Length: > 0 } type)
                types[column.Value] = new(type.Value, type.Place);
            else
                yaml.Fail(Codes.ValueInvalid, part.Place, $"'types' gives '{column.Value}' {part.What} where a type should be.", $"Write types: {{ {column.Value}: io.debezium.time.MicroTimestamp }}.");
        return types.ToImmutable();
    }

    private ImmutableArray<FieldMapping> ReadFields(YamlKeys keys, SubjectSchema? schema)
    {
        var map = keys.TakeMap("fields");
        if (schema is null)
            return [];

        var fields = ImmutableArray.CreateBuilder<FieldMapping>();
        var reader = new FieldMappingReader(catalog.CodeLists, zone, yaml);
        foreach (var (name, part) in map?.Pairs ?? [])
        {
            if (schema.Find(name.Value) is not { } field)
                yaml.Fail(Codes.UnknownField, name.Place, $"{schema.Subject} has no field '{name.Value}'.", Nearest.Suggest(name.Value, [.. schema.Fields.Select(known => known.Name)], "fields"));
            else if (reader.Read(field, name, part) is { } entry)
                fields.Add(entry);
        }

        foreach (var field in schema.Fields.Where(field => !field.Nullable && map?.Pairs.Any(pair => pair.Key.Value == field.Name) != true))
            yaml.Fail(Codes.MissingField, map?.Place ?? keys.Place, $"the required field '{field.Name}' of {schema.Subject} is not mapped.", $"Add '{field.Name}: <column>' under 'fields'.");
        return fields.ToImmutable();
    }

    private void CheckIgnored(TableMapping mapping, ImmutableArray<YamlText> ignore)
    {
        foreach (var column in ignore)
            if (mapping.Columns.Contains(column.Value))
                yaml.Fail(Codes.ValueInvalid, column.Place, $"the column '{column.Value}' is mapped and ignored.", "Take it out of 'ignore'.");
    }

    /// <summary>What one field masks, neither another field nor the document id may show whole.</summary>
    private void CheckMasked(TableMapping mapping, SubjectSchema schema)
    {
        foreach (var masked in mapping.Fields.Where(entry => schema.Find(entry.Field)!.Mask != MaskRule.None))
        {
            if (mapping.Key.FirstOrDefault(masked.Columns.Contains) is { } part)
            {
                yaml.Fail(Codes.ValueInvalid, masked.Place, $"the column '{part}' is masked here, but it is part of 'key', and document ids show the key whole.", "Use another key, or do not map the column to a masked field.");
                continue;
            }

            foreach (var open in mapping.Fields.Where(entry => entry.Values is null && schema.Find(entry.Field)!.Mask == MaskRule.None))
                if (open.Columns.FirstOrDefault(masked.Columns.Contains) is { } shown)
                    yaml.Fail(Codes.ValueInvalid, open.Place, $"the column '{shown}' is masked in '{masked.Field}', but '{open.Field}' would show it whole.", "Take it out of one of the two.");
        }
    }
}
