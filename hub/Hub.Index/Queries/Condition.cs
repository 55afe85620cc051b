using Hub.Core.Index;
using Hub.Core.Ops;
using Hub.Core.Schemas;
using Hub.Index.Documents;

namespace Hub.Index.Queries;

/// <summary>A filter as every engine takes it: its field found, its values read and checked.</summary>
internal abstract record Condition
{
    private const int MaxValues = 1000;

    /// <summary>The keyword, flag, subject or source is one of the texts.</summary>
    public sealed record AnyText(IndexField Field, IReadOnlyList<string> Values) : Condition;

    /// <summary>The number is one of these; none when none of the values can be held.</summary>
    public sealed record AnyNumber(IndexField Field, IReadOnlyList<long> Values) : Condition;

    public sealed record AnyId(IReadOnlyList<string> Ids, IReadOnlyList<string> Subjects) : Condition;

    /// <summary>Both ends belong to it.</summary>
    public sealed record Between(IndexField Field, long From, long To) : Condition;

    public sealed record Present(IndexField Field, bool IsPresent) : Condition;

    public sealed record Never : Condition;

    public sealed record Always : Condition;

    /// <exception cref="HubException">The filter asks for something that is not there, or for a value that the field cannot have.</exception>
    public static Condition Of(Filter filter, FieldResolver fields) => filter switch
    {
        TermFilter term => Of(term, fields),
        RangeFilter range => Of(range, fields.Find(range.Field)),
        ExistsFilter exists => Of(exists, fields.Find(exists.Field)),
        _ => throw QueryFault.Of(Codes.QueryInvalid, $"The index does not know the filter {filter.GetType().Name}.", "Use a term, range or exists filter."),
    };

    private static Condition Of(TermFilter filter, FieldResolver fields)
    {
        var field = fields.Find(filter.Field);
        if (filter.Values.Count is 0 or > MaxValues)
            throw QueryFault.Of(Codes.QueryValue, $"The filter on '{filter.Field}' has {filter.Values.Count} values.", $"Give 1 to {MaxValues} values.");
        if (field.Name == OwnFields.Id)
            return new AnyId(filter.Values, fields.Subjects);
        if (field.Role == SearchRole.Text)
            throw QueryFault.Of(Codes.QueryFieldRole, $"The field '{filter.Field}' is full text and has no exact values.", "Put the words into the search text, with quotes for a phrase.");
        if (field.IsKeyword)
            return new AnyText(field, [.. filter.Values.Select(text => field.Role == SearchRole.Flag ? FieldValues.ParseFlag(field, text) : text)]);
        var numbers = filter.Values.Select(text => FieldValues.Parse(field, text)).Where(parsed => parsed.Rounded == 0).Select(parsed => parsed.Number).Distinct().ToList();
        return numbers.Count == 0 ? new Never() : new AnyNumber(field, numbers);
    }

    private static Condition Of(RangeFilter filter, IndexField field)
    {
        if (!field.IsNumeric)
            throw QueryFault.Of(Codes.QueryFieldRole, $"The field '{filter.Field}' has no order to take a range of.", "Ranges are for dates, times, amounts and numbers; filter this field by its values.");

        var (from, to) = (long.MinValue, long.MaxValue);
        if (filter.From is { } low)
        {
            var parsed = FieldValues.Parse(field, low);
            // What was cut off lies between two numbers, so that the next one is the first within.
            var next = parsed.Rounded < 0 || (parsed.Rounded == 0 && !filter.IncludeFrom);
            if (next && parsed.Number == long.MaxValue)
                return new Never();
            from = parsed.Number + (next ? 1 : 0);
        }

        if (filter.To is { } high)
        {
            var parsed = FieldValues.Parse(field, high);
            var before = parsed.Rounded > 0 || (parsed.Rounded == 0 && !filter.IncludeTo);
            if (before && parsed.Number == long.MinValue)
                return new Never();
            to = parsed.Number - (before ? 1 : 0);
        }

        return from > to ? new Never() : new Between(field, from, to);
    }

    private static Condition Of(ExistsFilter filter, IndexField field)
        => field.Name is not (OwnFields.Id or OwnFields.Subject or OwnFields.Source) ? new Present(field, filter.Exists)
            : filter.Exists ? new Always() : new Never();
}
