using Hub.Core.Index;
using Hub.Core.Ops;
using Hub.Core.Schemas;

namespace Hub.Server.Search;

/// <summary>The parameters of a query string that are fields: <c>field=value</c>, <c>field.gte=value</c>, <c>field.exists=true</c>.</summary>
internal static class FilterParameters
{
    private const int MaxValues = 1000;

    public static IReadOnlyList<Filter> Read(IQueryCollection given, FieldScope scope, List<Finding> findings)
    {
        var filters = new List<Filter>();
        var bounds = new Dictionary<string, Bounds>(StringComparer.Ordinal);
        foreach (var (name, values) in given)
            if (!SearchParameters.Names.Contains(name, StringComparer.Ordinal)
                && SearchParameters.Try(() => ReadOne(name, [.. values.Select(value => value ?? "")], scope, bounds), findings) is { } filter)
                filters.Add(filter);

        foreach (var bound in bounds.Values)
            if (SearchParameters.Try(bound.ToFilter, findings) is { } filter)
                filters.Add(filter);
        return filters;
    }

    /// <summary>The filter; null when the parameter is a bound, which is kept until its partner was seen.</summary>
    private static Filter? ReadOne(string name, string[] values, FieldScope scope, Dictionary<string, Bounds> bounds)
    {
        var dot = name.LastIndexOf('.');
        var (field, suffix) = dot < 0 ? (name, null) : (name[..dot], name[(dot + 1)..]);
        if (values.Length > MaxValues)
            throw SearchParameters.Invalid(name, $"'{name}' has {values.Length} values.", $"Give {MaxValues} at most.");
        if (suffix is null && field is "source" or "id")
            return new TermFilter(field, values);

        var schema = scope.Require(field, name);
        switch (suffix)
        {
            case null:
                return Term(schema, name, values);
            case "exists":
                return new ExistsFilter(field, One(name, values) switch
                {
                    "true" => true,
                    "false" => false,
                    var text => throw FieldValues.Wrong(name, $"'{text}' is not true or false.", "Write true or false."),
                });
            case "gt" or "gte" or "lt" or "lte":
                if (!bounds.TryGetValue(field, out var bound))
                    bounds.Add(field, bound = new(schema));
                bound.Add(suffix, name, One(name, values));
                return null;
            default:
                throw SearchParameters.Invalid(name, $"'.{suffix}' is not known.", "Use .gt, .gte, .lt, .lte or .exists.");
        }
    }

    private static Filter Term(FieldSchema field, string parameter, string[] values)
    {
        if (field.Search == SearchRole.Text)
            throw FieldScope.Role(parameter, $"'{field.Name}' is full text and has no exact values.", "Put the words into q.");
        var canonical = values.Select(value => FieldValues.Canonical(field, parameter, value)).Distinct(StringComparer.Ordinal).ToArray();
        if (field.Search is not (SearchRole.Amount or SearchRole.Time or SearchRole.Date))
            return new TermFilter(field.Name, canonical);
        return canonical.Length == 1
            ? new RangeFilter(field.Name, canonical[0], canonical[0])
            : throw FieldScope.Role(parameter, $"'{field.Name}' takes one value or a range.", $"Write {field.Name}.gte=… and {field.Name}.lte=….");
    }

    private static string One(string parameter, string[] values)
        => values.Length == 1 ? values[0] : throw SearchParameters.Invalid(parameter, $"'{parameter}' is given more than once.", "Give it once.");

    /// <summary>The bounds given for one field.</summary>
    private sealed class Bounds(FieldSchema field)
    {
        private (string Value, bool Included, string Parameter)? from;
        private (string Value, bool Included, string Parameter)? to;

        public void Add(string suffix, string parameter, string text)
        {
            if (field.Search is not (SearchRole.Number or SearchRole.Amount or SearchRole.Date or SearchRole.Time))
                throw FieldScope.Role(parameter, $"'{field.Name}' has no order to take a range of.", $"Write {field.Name}=value.");
            var isFrom = suffix[0] == 'g';
            if ((isFrom ? from : to) is { } other)
                throw SearchParameters.Invalid(parameter, $"the same side is bounded by {other.Parameter} as well.", "Give one of the two.");
            var bound = (FieldValues.Canonical(field, parameter, text), suffix.Length == 3, parameter);
            if (isFrom)
                from = bound;
            else
                to = bound;
        }

        public Filter? ToFilter()
        {
            if (from is null && to is null)
                return null;
            if (from is { } low && to is { } high && FieldValues.Compare(field, low.Value, high.Value) > 0)
                throw FieldValues.Wrong(low.Parameter, $"the range begins at {low.Value} and ends before it, at {high.Value}.", "Swap the two.");
            return new RangeFilter(field.Name, from?.Value, to?.Value, from?.Included ?? true, to?.Included ?? true);
        }
    }
}
