using Hub.Index.Queries;
using Lucene.Net.Search;

namespace Hub.Index.Lucene;

/// <summary>The order of hits: the field asked for or the score, then uid, which no two documents share.</summary>
internal static class SortPlan
{
    private static readonly SortField ById = new(FieldNames.Uid, SortFieldType.STRING_VAL);

    public static Sort Of(QueryPlan plan)
    {
        if (plan.Query.Sort is not { } order)
            return plan.HasScore ? new Sort(SortField.FIELD_SCORE, ById) : new Sort(ById);
        var field = plan.Sort!;
        return new Sort(field.IsKeyword ? Keyword(field.Name, order.Descending) : Number(field.Name, order.Descending), ById);
    }

    /// <summary>Reversing turns round the place of missing values too, so that descending asks for them first.</summary>
    private static SortField Keyword(string name, bool descending)
    {
        var field = new SortField(name, SortFieldType.STRING, descending);
        field.SetMissingValue(descending ? SortField.STRING_FIRST : SortField.STRING_LAST);
        return field;
    }

    private static SortField Number(string name, bool descending)
    {
        var field = new SortField(name, SortFieldType.INT64, descending);
        field.SetMissingValue(descending ? long.MinValue : long.MaxValue);
        return field;
    }
}
