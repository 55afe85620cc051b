using System.Globalization;
using System.Text.Json.Nodes;
using Hub.Core.Schemas;
using Hub.Index.Documents;
using Hub.Index.Queries;

namespace Hub.Index.Elasticsearch;

/// <summary>Says a search in the engine's query language.</summary>
internal static class QueryBuilder
{
    /// <summary>All conditions of the search; delete markers are never found.</summary>
    public static JsonObject Of(QueryPlan plan)
    {
        var must = new JsonArray();
        var should = new JsonArray();
        var mustNot = new JsonArray(Exists(EngineFields.DeletedAt));
        foreach (var word in plan.Words)
            if (word.IsExcluded)
                mustNot.Add(Exact(EngineFields.Text, word));
            else
                (word.IsOptional ? should : must).Add(Understood(word));
        var filter = new JsonArray([.. plan.Conditions.Select(Of)]);
        if (plan.Query.Subjects.Count > 0)
            filter.Add(Terms(EngineFields.Subject, plan.Subjects));
        return Bool(("must", must), ("should", should), ("filter", filter), ("must_not", mustNot));
    }

    /// <summary>The field of the engine that holds what a query calls by the name of the schema.</summary>
    public static string NameOf(IndexField field) => field.Name switch
    {
        OwnFields.Subject => EngineFields.Subject,
        OwnFields.Source => EngineFields.Source,
        OwnFields.Id => EngineFields.Id,
        _ when field.Role == SearchRole.Keyword && field.CodeList is not null => $"{field.Name}.{EngineFields.Code}",
        _ => field.Name,
    };

    public static JsonObject Exists(string field) => new() { ["exists"] = new JsonObject { ["field"] = field } };

    public static JsonObject Bool(params (string Clause, JsonArray Queries)[] clauses)
        => new() { ["bool"] = new JsonObject(clauses.Where(one => one.Queries.Count > 0).Select(one => KeyValuePair.Create(one.Clause, (JsonNode?)one.Queries))) };

    private static JsonObject Of(Condition condition) => condition switch
    {
        Condition.AnyText any => Terms(NameOf(any.Field), any.Values),
        Condition.AnyNumber any => new() { ["terms"] = new JsonObject { [NameOf(any.Field)] = new JsonArray([.. any.Values.Select(value => ValueOf(any.Field, value))]) } },
        Condition.AnyId any => Terms(EngineFields.Id, any.Ids),
        Condition.Between range => Range(range),
        Condition.Present { Field.Role: SearchRole.Text } present => Unless(present.IsPresent, Terms(EngineFields.Present, [present.Field.Name])),
        Condition.Present present => Unless(present.IsPresent, Exists(NameOf(present.Field))),
        Condition.Always => new() { ["match_all"] = new JsonObject() },
        _ => new() { ["match_none"] = new JsonObject() },
    };

    private static JsonObject Unless(bool isWanted, JsonObject query) => isWanted ? query : Bool(("must_not", [query]));

    private static JsonObject Terms(string field, IEnumerable<string> values)
        => new() { ["terms"] = new JsonObject { [field] = new JsonArray([.. values.Select(value => JsonValue.Create(value))]) } };

    private static JsonObject Range(Condition.Between range)
    {
        var bounds = new JsonObject();
        if (range.From > long.MinValue)
            bounds["gte"] = ValueOf(range.Field, range.From);
        if (range.To < long.MaxValue)
            bounds["lte"] = ValueOf(range.Field, range.To);
        return new() { ["range"] = new JsonObject { [NameOf(range.Field)] = bounds } };
    }

    private static JsonValue ValueOf(IndexField field, long value) => field.Role != SearchRole.Date ? JsonValue.Create(value)
        : EngineDate.IsDate(value, out var date) ? JsonValue.Create(date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture))
        : JsonValue.Create(EngineDate.MillisecondsOf(value));

    private static JsonObject Understood(SearchWord word) => word.Synonyms.Count == 0
        ? Included(word)
        : new() { ["dis_max"] = new JsonObject { ["queries"] = new JsonArray([Included(word), .. word.Synonyms.Select(synonym => Boosted(Included(synonym), word.BoostOf(synonym)))]) } };

    private static JsonObject Included(SearchWord word)
    {
        var should = new JsonArray(Boosted(Exact(EngineFields.Title, word), SearchWord.TitleBoost));
        if (!word.IsStrict && word.Tokens.Count > 1)
        {
            should.Add(Boosted(Exact(EngineFields.Text, word), SearchWord.PhraseBoost));
            should.Add(Boosted(All(EngineFields.Title, word), SearchWord.TitleBoost));
        }

        return Bool(("must", [word.IsStrict ? Exact(EngineFields.Text, word) : All(EngineFields.Text, word)]), ("should", should));
    }

    private static JsonObject Boosted(JsonObject query, double boost) => new() { ["bool"] = new JsonObject { ["must"] = query, ["boost"] = boost } };

    /// <summary>All of the word's tokens, wherever they stand.</summary>
    private static JsonObject All(string field, SearchWord word)
        => word.Tokens.Any(token => token.IsSingleCjk)
            ? Bool(("must", [.. word.Tokens.Select(token => OneToken(field, token))]))
            : new() { ["match"] = new JsonObject { [field] = new JsonObject { ["query"] = word.Text, ["operator"] = "and" } } };

    /// <summary>The word as it is written.</summary>
    private static JsonObject Exact(string field, SearchWord word)
        => !word.Tokens.Any(token => token.IsSingleCjk) ? new() { ["match_phrase"] = new JsonObject { [field] = new JsonObject { ["query"] = word.Text } } }
            : word.Tokens.Count == 1 ? OneToken(field, word.Tokens[0])
            : WithSingles(field, word);

    /// <summary>"3月" also stands in "3月支付", where 月 is in a pair.</summary>
    private static JsonObject WithSingles(string field, SearchWord word)
    {
        var intervals = new JsonArray();
        for (var i = 0; i < word.Tokens.Count; i++)
        {
            var token = word.Tokens[i];
            var pattern = !token.IsSingleCjk ? null : i == 0 ? $"?{token.Term}" : i == word.Tokens.Count - 1 ? $"{token.Term}?" : null;
            var itself = new JsonObject { ["match"] = new JsonObject { ["query"] = token.Term, ["max_gaps"] = 0, ["ordered"] = true } };
            intervals.Add(pattern is null
                ? itself
                : new JsonObject { ["any_of"] = new JsonObject { ["intervals"] = new JsonArray(itself, new JsonObject { ["wildcard"] = new JsonObject { ["pattern"] = pattern } }) } });
        }

        return new() { ["intervals"] = new JsonObject { [field] = new JsonObject { ["all_of"] = new JsonObject { ["ordered"] = true, ["max_gaps"] = 0, ["intervals"] = intervals } } } };
    }

    private static JsonObject OneToken(string field, Token token)
    {
        if (!token.IsSingleCjk)
            return Term(field, token.Term);
        return Bool(("should", [Term(field, token.Term), Wildcard(field, $"{token.Term}?"), Wildcard(field, $"?{token.Term}")]));
    }

    private static JsonObject Term(string field, string term) => new() { ["term"] = new JsonObject { [field] = term } };

    private static JsonObject Wildcard(string field, string pattern) => new() { ["wildcard"] = new JsonObject { [field] = new JsonObject { ["value"] = pattern } } };
}
