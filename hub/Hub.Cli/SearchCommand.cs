using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Text.Json;

namespace Hub.Cli;

internal static class SearchCommand
{
    public static Command Create(Terminal terminal, CommonOptions common)
    {
        var words = new Argument<string[]>("words") { Description = "Words that must all occur; Chinese without spaces is one word. Quote a phrase twice: '\"食堂改造\"'.", Arity = ArgumentArity.ZeroOrMore };
        var subject = new Option<string[]>("--subject") { Description = "Search this subject alone; may be repeated.", HelpName = "name" };
        var filter = new Option<string[]>("--filter") { Description = "Keep records with this value; may be repeated. Ranges: payAmount.gte=100000.", HelpName = "field=value" };
        var sort = new Option<string?>("--sort") { Description = "Sort by a field; -field for the largest first.", HelpName = "field" };
        var size = new Option<int?>("--size") { Description = "How many hits to show; 20 when left out.", HelpName = "count" };
        var fresh = new Option<string?>("--min-freshness") { Description = "Answer when every source asked is complete as of then; otherwise fail.", HelpName = "30s|moment" };
        var waitFor = new Option<string?>("--wait-for") { Description = "Answer when all is searchable that the receipt names (see GET /api/v1/receipt); otherwise fail.", HelpName = "receipt" };
        var wait = new Option<string?>("--wait") { Description = "How long to wait for either, 60s at most; 2s when left out, 10s with --wait-for.", HelpName = "time" };
        var explain = new Option<bool>("--explain") { Description = "Also say how the words were understood, what the engine was asked, and how each score came to be." };
        filter.Validators.Add(result =>
        {
            foreach (var token in result.Tokens.Where(token => token.Value.IndexOf('=', StringComparison.Ordinal) <= 0))
                result.AddError($"'{token.Value}' is not field=value.");
        });
        var command = new Command("search", "Search the running Hub.\n\nExample:\n  hub search 学校 --subject finance.paymentDetail --filter fiscalYear=2025 --sort -payAmount")
        {
            words, subject, filter, sort, size, explain, fresh, waitFor, wait,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var client = common.Client(parsed);
            var query = Query(
                parsed.GetValue(words) ?? [], parsed.GetValue(subject) ?? [], parsed.GetValue(filter) ?? [],
                [
                    ("sort", parsed.GetValue(sort)), ("size", parsed.GetValue(size)?.ToString(CultureInfo.InvariantCulture)),
                    ("explain", parsed.GetValue(explain) ? "true" : null), ("minFreshness", parsed.GetValue(fresh)), ("waitFor", parsed.GetValue(waitFor)), ("wait", parsed.GetValue(wait)),
                ]);
            var answer = await client.GetAsync($"/api/v1/search?{query}", cancellationToken);
            if (parsed.GetValue(common.Json))
                terminal.Output.WriteLine(answer);
            else
                Write(answer, terminal.Output);
            return ExitCodes.Ok;
        });
        return command;
    }

    private static string Query(string[] words, string[] subjects, string[] filters, (string Name, string? Value)[] options)
    {
        List<(string Name, string? Value)> pairs =
        [
            ("q", words.Length > 0 ? string.Join(' ', words) : null),
            .. subjects.Select(name => ("subject", (string?)name)),
            .. filters.Select(filter => (filter[..filter.IndexOf('=', StringComparison.Ordinal)], (string?)filter[(filter.IndexOf('=', StringComparison.Ordinal) + 1)..])),
            .. options,
        ];
        return string.Join('&', pairs.Where(pair => pair.Value is not null).Select(pair => $"{Uri.EscapeDataString(pair.Name)}={Uri.EscapeDataString(pair.Value!)}"));
    }

    private static void Write(string answer, TextWriter output)
    {
        using var json = JsonDocument.Parse(answer);
        var root = json.RootElement;
        foreach (var hit in root.GetProperty("hits").EnumerateArray())
        {
            output.WriteLine(hit.GetProperty("title").GetString());
            output.WriteLine($"    {hit.GetProperty("subject").GetString()}  {hit.GetProperty("id").GetString()}{Amount(hit.GetProperty("record"))}{(hit.GetProperty("isKept").GetBoolean() ? "" : "  (not kept up to date any more, see hub status)")}");
            foreach (var field in hit.GetProperty("highlights").EnumerateObject())
                output.WriteLine($"    {field.Name}: {string.Join(" … ", field.Value.EnumerateArray().Select(Plain))}");
            WriteScore(hit, output);
        }

        if (root.TryGetProperty("explanation", out var query))
        {
            foreach (var word in query.GetProperty("words").EnumerateArray())
                output.WriteLine(word.GetString());
            output.WriteLine(query.GetProperty("query").GetString());
        }

        var asOf = string.Join(", ", root.GetProperty("asOf").EnumerateObject().Select(source => $"{source.Name} {source.Value.GetString() ?? "not complete yet"}"));
        var total = root.GetProperty("total").GetInt64();
        output.WriteLine($"{total} {(total == 1 ? "record" : "records")}, {root.GetProperty("tookMs").GetDouble().ToString(CultureInfo.InvariantCulture)} ms{(asOf.Length > 0 ? $"; as of: {asOf}" : "")}");
    }

    private static void WriteScore(JsonElement hit, TextWriter output)
    {
        if (!hit.TryGetProperty("explanation", out var explanation))
            return;
        var matches = explanation.GetProperty("matches").EnumerateArray()
            .Select(match => $"{match.GetProperty("term").GetString()} in {match.GetProperty("in").GetString()} {match.GetProperty("score").GetRawText()}");
        output.WriteLine($"    score {hit.GetProperty("score").GetRawText()}: {string.Join(", ", matches)}");
        foreach (var line in explanation.GetProperty("calculation").EnumerateArray())
            output.WriteLine($"        {line.GetString()}");
    }

    private static string Amount(JsonElement record)
    {
        foreach (var field in record.EnumerateObject())
            if (field.Name.EndsWith("mount", StringComparison.Ordinal) && field.Value.ValueKind == JsonValueKind.String)
                return $"  {field.Name} {field.Value.GetString()}";
        return "";
    }

    private static string Plain(JsonElement fragment)
        => WebUtility.HtmlDecode(fragment.GetString()!.Replace("<em>", "[", StringComparison.Ordinal).Replace("</em>", "]", StringComparison.Ordinal));
}
