using System.Text;
using Hub.Core.Schemas;
using Hub.Index.Documents;
using Hub.Index.Queries;
using Lucene.Net.Index;
using Lucene.Net.Queries;
using Lucene.Net.Search;
using Lucene.Net.Util;

namespace Hub.Index.Lucene;

/// <summary>Makes Lucene queries of conditions; none of them adds to the score.</summary>
internal static class FilterCompiler
{
    private static readonly Query Nothing = new ConstantScoreQuery(new TermsFilter(FieldNames.Deleted, [new BytesRef("none")]));

    public static Query Compile(Condition condition) => condition switch
    {
        Condition.AnyText any => Terms(any.Field.Name, any.Values.Select(Encoding.UTF8.GetBytes)),
        Condition.AnyNumber any => Numbers(any),
        Condition.AnyId any => Terms(FieldNames.Uid, any.Ids.SelectMany(_ => any.Subjects, (id, subject) => DocumentUid.Of(subject, id))),
        Condition.Between range => NumericRangeQuery.NewInt64Range(range.Field.Name, NumberField.PrecisionStep, range.From, range.To, true, true),
        Condition.Present present => Exists(present.Field, present.IsPresent),
        Condition.Always => new MatchAllDocsQuery(),
        _ => Nothing,
    };

    public static Query Terms(string field, IEnumerable<byte[]> values)
        => new ConstantScoreQuery(new TermsFilter(field, values.Select(bytes => new BytesRef(bytes)).ToArray()));

    private static ConstantScoreQuery Numbers(Condition.AnyNumber condition)
    {
        var any = new BooleanQuery();
        foreach (var number in condition.Values)
            any.Add(NumericRangeQuery.NewInt64Range(condition.Field.Name, NumberField.PrecisionStep, number, number, true, true), Occur.SHOULD);
        return new(any);
    }

    private static Query Exists(IndexField field, bool isPresent)
    {
        if (field.Role != SearchRole.Text)
            return new ConstantScoreQuery(new FieldValueFilter(field.Name, !isPresent));
        var present = new ConstantScoreQuery(new TermQuery(new Term(FieldNames.Present, field.Name)));
        return isPresent ? present : new BooleanQuery { { new MatchAllDocsQuery(), Occur.MUST }, { present, Occur.MUST_NOT } };
    }
}
