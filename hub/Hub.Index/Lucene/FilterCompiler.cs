using Hub.Core.Index;
using Hub.Core.Ops;
using Hub.Core.Schemas;
using Lucene.Net.Index;
using Lucene.Net.Queries;
using Lucene.Net.Search;
using Lucene.Net.Util;
using Filter = Hub.Core.Index.Filter;
using TermFilter = Hub.Core.Index.TermFilter;

namespace Hub.Index.Lucene;

/// <summary>Makes Lucene queries of filters; none of them adds to the score.</summary>
internal sealed class FilterCompiler(FieldResolver fields)
{
    private const int MaxValues = 1000;

    private static readonly Query Nothing = new ConstantScoreQuery(new TermsFilter(FieldNames.Deleted, [new BytesRef("none")]));

    public Query Compile(Filter filter) => filter switch
    {
        TermFilter term => Compile(term),
        RangeFilter range => Compile(range),
        ExistsFilter exists => Compile(exists),
        _ => throw QueryFault.Of(Codes.QueryInvalid, $"The index does not know the filter {filter.GetType().Name}.", "Use a term, range or exists filter."),
    };

    private Query Compile(TermFilter filter)
    {
        var field = fields.Find(filter.Field);
        if (filter.Values.Count is 0 or > MaxValues)
            throw QueryFault.Of(Codes.QueryValue, $"The filter on '{filter.Field}' has {filter.Values.Count} values.", $"Give 1 to {MaxValues} values.");
        if (field.Name == FieldNames.Uid)
            return Terms(field.Name, filter.Values.SelectMany(id => fields.Subjects, (id, subject) => DocumentUid.Of(subject, id)));
        if (field.Role == SearchRole.Text)
            throw QueryFault.Of(Codes.QueryFieldRole, $"The field '{filter.Field}' is full text and has no exact values.", "Put the words into the search text, with quotes for a phrase.");
        if (field.IsKeyword)
            return Terms(field.Name, filter.Values.Select(text => System.Text.Encoding.UTF8.GetBytes(field.Role == SearchRole.Flag ? FieldValues.ParseFlag(field, text) : text)));

        var any = new BooleanQuery();
        foreach (var number in filter.Values.Select(text => FieldValues.Parse(field, text)).Where(parsed => parsed.Rounded == 0).Select(parsed => parsed.Number).Distinct())
            any.Add(NumericRangeQuery.NewInt64Range(field.Name, NumberField.PrecisionStep, number, number, true, true), Occur.SHOULD);
        return any.Clauses.Count == 0 ? Nothing : new ConstantScoreQuery(any);
    }

    private Query Compile(RangeFilter filter)
    {
        var field = fields.Find(filter.Field);
        if (!field.IsNumeric)
            throw QueryFault.Of(Codes.QueryFieldRole, $"The field '{filter.Field}' has no order to take a range of.", "Ranges are for dates, times, amounts and numbers; filter this field by its values.");

        var from = long.MinValue;
        var to = long.MaxValue;
        if (filter.From is { } low)
        {
            var parsed = FieldValues.Parse(field, low);
            // What was cut off lies between two numbers, so that the next one is the first within.
            var next = parsed.Rounded < 0 || (parsed.Rounded == 0 && !filter.IncludeFrom);
            if (next && parsed.Number == long.MaxValue)
                return Nothing;
            from = parsed.Number + (next ? 1 : 0);
        }

        if (filter.To is { } high)
        {
            var parsed = FieldValues.Parse(field, high);
            var before = parsed.Rounded > 0 || (parsed.Rounded == 0 && !filter.IncludeTo);
            if (before && parsed.Number == long.MinValue)
                return Nothing;
            to = parsed.Number - (before ? 1 : 0);
        }

        return from > to ? Nothing : NumericRangeQuery.NewInt64Range(field.Name, NumberField.PrecisionStep, from, to, true, true);
    }

    private Query Compile(ExistsFilter filter)
    {
        var field = fields.Find(filter.Field);
        if (field.Role == SearchRole.None || field.Name == FieldNames.Subject || field.Name == FieldNames.Source)
            return filter.Exists ? new MatchAllDocsQuery() : Nothing;
        if (field.Role != SearchRole.Text)
            return new ConstantScoreQuery(new FieldValueFilter(field.Name, !filter.Exists));
        var present = new ConstantScoreQuery(new TermQuery(new Term(FieldNames.Present, field.Name)));
        return filter.Exists ? present : new BooleanQuery { { new MatchAllDocsQuery(), Occur.MUST }, { present, Occur.MUST_NOT } };
    }

    public static Query Terms(string field, IEnumerable<byte[]> values)
        => new ConstantScoreQuery(new TermsFilter(field, values.Select(bytes => new BytesRef(bytes)).ToArray()));
}
