using Hub.Core.Ops;
using Hub.Core.Records;
using Hub.Core.Schemas;

namespace Hub.Core.Mapping;

/// <summary>Makes a <see cref="RowMapper"/> for the columns that a table has now, and reports what differs from the mapping.</summary>
internal sealed class RowMapperCompiler(TableMapping mapping, SubjectSchema schema, CodeLists lists, RelationShape shape, List<Finding> drift)
{
    private readonly List<Finding> failures = [];

    public RowMapper Compile()
    {
        ReportNewColumns();
        var key = mapping.Key.Select(column => Require(column, "the key")).ToArray();
        ColumnPlace? flag = mapping.Deleted is null ? null : Require(mapping.Deleted.Column, "'deleted'");
        var byField = mapping.Fields.ToDictionary(field => field.Field, StringComparer.Ordinal);
        var plans = schema.Fields.Select(field => PlanOf(field, byField.GetValueOrDefault(field.Name))).ToArray();
        if (failures.Count > 0)
            throw new HubException(failures);
        return new RowMapper(mapping, schema, key, flag, plans!, MakeCodeCheck(byField));
    }

    private void ReportNewColumns()
    {
        var known = mapping.Columns.Concat(mapping.Ignore).ToHashSet(StringComparer.Ordinal);
        foreach (var column in shape.Columns)
            if (!known.Contains(column.Name))
                drift.Add(new(Codes.ColumnNotMapped, Severity.Information, mapping.Place, $"{shape.Relation} has the column '{column.Name}' ({column.TypeName}), which is not taken.", "Map it under 'fields' or name it under 'ignore'."));
    }

    private FieldPlan? PlanOf(FieldSchema field, FieldMapping? entry)
    {
        var cast = new ValueCast(field, entry?.UnitPower ?? 0, mapping.TimeZone.Ticks / TimeSpan.TicksPerMicrosecond);
        if (entry is null)
            return Known(field, cast.Encode(null), $"the required field '{field.Name}' is not mapped.");
        if (entry.Constant is not null)
            return Known(field, cast.Encode(entry.Constant), $"the constant does not fit field '{field.Name}'.");

        var columns = entry.Columns.Select(name => ColumnPlace.Of(shape, name)).ToArray();
        if (columns.Any(column => column.Ordinal < 0))
            return Gone(field, entry, columns.First(column => column.Ordinal < 0).Name) ? new ConstantPlan(field, cast.Encode(null)!) : null;

        // A link is the document key of another record, where '%' and '~' are escaped.
        return entry.Column is null || (field.Link is not null && entry.Values is null)
            ? new ComposePlan(field, columns, cast, entry)
            : new ColumnPlan(field, columns[0], cast, entry);
    }

    private ConstantPlan? Known(FieldSchema field, byte[]? encoded, string otherwise)
    {
        if (encoded is not null)
            return new ConstantPlan(field, encoded);
        failures.Add(new(Codes.MissingField, Severity.Error, mapping.Place, otherwise, $"Expected is {Refusal.Expected(field)}."));
        return null;
    }

    /// <summary>Whether the record can do without the column.</summary>
    private bool Gone(FieldSchema field, FieldMapping entry, string column)
    {
        if (field.Nullable)
            drift.Add(new(Codes.MappedColumnGone, Severity.Warning, entry.Place, $"{shape.Relation} has no column '{column}' any more; field '{field.Name}' is null from now on.", $"Map '{field.Name}' to another column, or take it out of the mapping.{DidYouMean(column)}"));
        else
            Fail(entry.Place, column, $"the required field '{field.Name}'");
        return field.Nullable;
    }

    private ColumnPlace Require(string column, string use)
    {
        var place = ColumnPlace.Of(shape, column);
        if (place.Ordinal < 0)
            Fail(mapping.Place, column, use);
        return place;
    }

    private void Fail(string place, string column, string use)
        => failures.Add(new(Codes.MappedColumnGone, Severity.Error, place, $"{shape.Relation} has no column '{column}', which {use} needs.", $"Correct the mapping, or bring the column back.{DidYouMean(column)}"));

    private string DidYouMean(string column)
        => Nearest.To(column, shape.Columns.Select(known => known.Name)) is { } near ? $" Did you mean '{near}'?" : "";

    private CodeCheck? MakeCodeCheck(Dictionary<string, FieldMapping> byField)
    {
        var listOf = schema.Fields
            .Select(field => byField.GetValueOrDefault(field.Name) is { RefuseUnknown: true } entry ? entry.CodeList : null)
            .ToArray();
        return listOf.All(list => list is null) ? null : new CodeCheck(schema, lists, listOf);
    }
}
