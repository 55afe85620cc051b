using Hub.Index.Documents;
using Hub.Index.Queries;
using Lucene.Net.Index;
using Lucene.Net.Search;

namespace Hub.Index.Lucene;

/// <summary>
/// Makes a Lucene query of search words. In Elasticsearch's words: per word a <c>match</c> on the text with <c>operator: and</c>
/// (or <c>match_phrase</c>), and beside it <c>match_phrase</c> on the text and both on the title with a boost. A single Chinese character
/// is a <c>wildcard</c> over pairs. A word with synonyms is a <c>dis_max</c> of itself and of them.
/// </summary>
internal sealed class TextQuery(IndexReader reader)
{
    /// <summary>A character at the edge of a phrase stands for up to this many pairs.</summary>
    private const int MaxPairs = 256;

    public Query Build(IReadOnlyList<SearchWord> words)
    {
        var all = new BooleanQuery();
        foreach (var word in words)
        {
            if (word.IsExcluded)
                all.Add(Exact(FieldNames.Text, word.Tokens), Occur.MUST_NOT);
            else
                all.Add(Understood(word), word.IsOptional ? Occur.SHOULD : Occur.MUST);
        }

        if (words.All(word => word.IsExcluded))
            all.Add(new MatchAllDocsQuery(), Occur.MUST);
        return all;
    }

    private Query Understood(SearchWord word)
    {
        if (word.Synonyms.Count == 0)
            return Included(word);
        var any = new DisjunctionMaxQuery(0) { Included(word) };
        foreach (var synonym in word.Synonyms)
        {
            var phrase = Included(synonym);
            phrase.Boost = word.BoostOf(synonym);
            any.Add(phrase);
        }

        return any;
    }

    private BooleanQuery Included(SearchWord word)
    {
        var query = new BooleanQuery { { word.IsStrict ? Exact(FieldNames.Text, word.Tokens) : All(FieldNames.Text, word), Occur.MUST } };
        var title = Exact(FieldNames.Title, word.Tokens);
        title.Boost = SearchWord.TitleBoost;
        query.Add(title, Occur.SHOULD);
        if (word.IsStrict || word.Tokens.Count == 1)
            return query;

        var phrase = Exact(FieldNames.Text, word.Tokens);
        phrase.Boost = SearchWord.PhraseBoost;
        query.Add(phrase, Occur.SHOULD);
        var titleWords = All(FieldNames.Title, word);
        titleWords.Boost = SearchWord.TitleBoost;
        query.Add(titleWords, Occur.SHOULD);
        return query;
    }

    private static BooleanQuery All(string field, SearchWord word)
    {
        var query = new BooleanQuery();
        foreach (var token in word.Tokens)
            query.Add(OneToken(field, token), Occur.MUST);
        return query;
    }

    private Query Exact(string field, IReadOnlyList<Token> tokens)
    {
        if (tokens.Count == 1)
            return OneToken(field, tokens[0]);
        if (!tokens.Any(token => token.IsSingleCjk))
        {
            var phrase = new PhraseQuery();
            var position = 0;
            for (var i = 0; i < tokens.Count; i++)
                phrase.Add(new Term(field, tokens[i].Term), position += i == 0 ? 0 : tokens[i].Increment);
            return phrase;
        }

        return WithSingles(field, tokens);
    }

    /// <summary>"3月" also stands in "3月支付", where 月 is in a pair.</summary>
    private MultiPhraseQuery WithSingles(string field, IReadOnlyList<Token> tokens)
    {
        var phrase = new MultiPhraseQuery();
        var position = 0;
        for (var i = 0; i < tokens.Count; i++)
        {
            position += i == 0 ? 0 : tokens[i].Increment;
            var pattern = !tokens[i].IsSingleCjk ? null : i == 0 ? $"?{tokens[i].Term}" : i == tokens.Count - 1 ? $"{tokens[i].Term}?" : null;
            Term[] terms = [new(field, tokens[i].Term), .. pattern is null ? [] : Pairs(field, pattern)];
            phrase.Add(terms, position);
        }

        return phrase;
    }

    private IEnumerable<Term> Pairs(string field, string pattern)
    {
        var found = new WildcardQuery(new Term(field, pattern))
        {
            MultiTermRewriteMethod = new MultiTermQuery.TopTermsBoostOnlyBooleanQueryRewrite(MaxPairs),
        }.Rewrite(reader);
        var terms = new HashSet<Term>();
        found.Rewrite(reader).ExtractTerms(terms);
        if (found is BooleanQuery any)
            foreach (var clause in any.Clauses)
                if (clause.Query is ConstantScoreQuery { Query: TermQuery term })
                    terms.Add(term.Term);
        return terms;
    }

    private static Query OneToken(string field, Token token)
    {
        if (!token.IsSingleCjk)
            return new TermQuery(new Term(field, token.Term));
        return new BooleanQuery
        {
            { new TermQuery(new Term(field, token.Term)), Occur.SHOULD },
            { new WildcardQuery(new Term(field, $"{token.Term}?")), Occur.SHOULD },
            { new WildcardQuery(new Term(field, $"?{token.Term}")), Occur.SHOULD },
        };
    }
}
