using System.Net;
using System.Text.Json.Nodes;
using Hub.Core.Ops;
using Hub.Core.Schemas;
using Hub.Index.Documents;

namespace Hub.Index.Elasticsearch;

/// <summary>Makes, looks at and swaps the indices that hold one generation of a subject each.</summary>
internal sealed class Generations(EngineClient client, IndexNames names, IndexMapping mapping, ElasticsearchOptions options)
{
    private readonly MappingBuilder builder = new(mapping, options);

    /// <summary>Settings and mapping for every index of the subject, also one that somebody makes by hand.</summary>
    public Task PutTemplateAsync(SubjectSchema subject, CancellationToken cancellationToken) => client.AskAsync(
        HttpMethod.Put, $"_index_template/{names.Template(subject.Subject)}", new JsonObject
        {
            ["index_patterns"] = new JsonArray($"{names.AliasOf(subject.Subject)}-*"),
            // Above what others may have for all indices, and a longer name above one that it begins with.
            ["priority"] = 500 + names.AliasOf(subject.Subject).Length,
            ["template"] = new JsonObject { ["settings"] = builder.SettingsOf(), ["mappings"] = builder.MappingOf(subject) },
        }, cancellationToken);

    /// <summary>Makes an empty generation; one that is there stays.</summary>
    public async Task CreateAsync(SubjectSchema subject, int number, CancellationToken cancellationToken)
    {
        var name = names.GenerationOf(subject.Subject, number);
        var answer = await client.SendAsync(HttpMethod.Put, name, new JsonObject
        {
            ["settings"] = builder.SettingsOf(), ["mappings"] = builder.MappingOf(subject), ["aliases"] = new JsonObject { [names.WriteAliasOf(subject.Subject, number)] = new JsonObject() },
        }, cancellationToken);
        if (!answer.IsSuccess && EngineFailure.TypeOf(answer.Json) != "resource_already_exists_exception")
            throw EngineFailure.Of(answer, client.Address, $"PUT {name}");
    }

    /// <summary>Searches go to the generation from now on, and to no other, in one step.</summary>
    public async Task ShowAsync(string subject, int number, CancellationToken cancellationToken)
    {
        var name = names.GenerationOf(subject, number);
        var alias = names.AliasOf(subject);
        var holders = await client.SendAsync(HttpMethod.Get, $"_alias/{alias}", null, cancellationToken);
        var actions = new JsonArray();
        foreach (var holder in holders.IsSuccess ? holders.Json.AsObject().Select(index => index.Key).Where(index => index != name) : [])
            foreach (var shown in new[] { alias, names.All })
                actions.Add(new JsonObject { ["remove"] = new JsonObject { ["index"] = holder, ["alias"] = shown } });
        foreach (var shown in new[] { alias, names.All })
            actions.Add(new JsonObject { ["add"] = new JsonObject { ["index"] = name, ["alias"] = shown } });
        await client.AskAsync(HttpMethod.Post, "_aliases", new JsonObject { ["actions"] = actions }, cancellationToken);
    }

    public async Task DropAsync(string subject, int number, CancellationToken cancellationToken)
    {
        var name = names.GenerationOf(subject, number);
        var answer = await client.SendAsync(HttpMethod.Delete, name, null, cancellationToken);
        if (!answer.IsSuccess && answer.Status != HttpStatusCode.NotFound)
            throw EngineFailure.Of(answer, client.Address, $"DELETE {name}");
    }

    /// <summary>Deletes the delete markers of a generation that were written before the moment.</summary>
    public async Task<long> PurgeAsync(string subject, int number, DateTimeOffset before, CancellationToken cancellationToken)
    {
        var answer = await client.AskAsync(HttpMethod.Post, $"{names.GenerationOf(subject, number)}/_delete_by_query?conflicts=proceed&ignore_unavailable=true", new JsonObject
        {
            ["query"] = new JsonObject { ["range"] = new JsonObject { [EngineFields.DeletedAt] = new JsonObject { ["lt"] = before.ToUnixTimeMilliseconds() } } },
        }, cancellationToken);
        return (long)answer["deleted"]!;
    }

    /// <summary>
    /// What the generation was made for: per field, how it treats it. Fields that it lacks are added where that is enough, so that what is left
    /// unlike the present schema needs a new generation.
    /// </summary>
    /// <exception cref="HubException">The index is gone.</exception>
    public async Task<GenerationFields> ReadAsync(SubjectSchema subject, int number, bool mayAdd, CancellationToken cancellationToken)
    {
        var name = names.GenerationOf(subject.Subject, number);
        var meta = (await client.AskAsync(HttpMethod.Get, $"{name}/_mapping", null, cancellationToken))[name]?["mappings"]?["_meta"];
        var held = (meta?["fields"] as JsonObject ?? []).ToDictionary(pair => pair.Key, pair => $"{pair.Value}", StringComparer.Ordinal);
        var fields = new GenerationFields(builder.AnalysisName == $"{meta?["analysis"]}", held, Lines(subject.Subject), [.. mapping.Filled.Where(one => one.Subject == subject.Subject).Select(one => one.Field)]);
        if (!mayAdd || fields.NeedsRebuild || fields.Added.Count == 0)
            return fields;
        await client.AskAsync(HttpMethod.Put, $"{name}/_mapping", builder.MappingOf(subject), cancellationToken);
        return fields with { Held = fields.Wanted };
    }

    /// <summary>What of the schemas the live generations cannot follow without being built again.</summary>
    public async Task<IReadOnlyList<Finding>> FindUnlikeAsync(EngineState state, CancellationToken cancellationToken)
    {
        var findings = new List<Finding>();
        foreach (var subject in mapping.Catalog.Subjects)
            if (state.Subjects.TryGetValue(subject.Subject, out var known))
                findings.AddRange((await ReadAsync(subject, known.Live, mayAdd: false, cancellationToken)).Findings(subject.Subject));
        return findings;
    }

    private Dictionary<string, string> Lines(string subject)
        => builder.FingerprintOf(subject).ToDictionary(pair => pair.Key, pair => $"{pair.Value}", StringComparer.Ordinal);
}

/// <summary>What a generation was made for, beside what the present schema wants.</summary>
/// <param name="HasAnalysis">Whether its texts became words in the present way.</param>
/// <param name="Filled">Fields that hold a default in records that were written without them.</param>
internal sealed record GenerationFields(bool HasAnalysis, IReadOnlyDictionary<string, string> Held, IReadOnlyDictionary<string, string> Wanted, IReadOnlyList<string> Filled)
{
    public IReadOnlyList<string> Added { get; } = [.. Wanted.Keys.Where(field => !Held.ContainsKey(field)).Order(StringComparer.Ordinal)];

    /// <summary>Fields that it treats otherwise than the schema wants.</summary>
    public IReadOnlyList<string> Unlike { get; } =
    [
        .. Wanted.Where(line => Held.TryGetValue(line.Key, out var held) ? held != line.Value : Filled.Contains(line.Key) || line.Value.StartsWith("now ", StringComparison.Ordinal)).Select(line => line.Key).Order(StringComparer.Ordinal),
    ];

    /// <summary>What an operator should know: what the generation cannot be told of without being built again.</summary>
    public IEnumerable<Finding> Findings(string subject)
    {
        var unlike = HasAnalysis ? string.Join(", ", Unlike) : "all texts";
        return !NeedsRebuild ? [] : [new(
            Codes.SchemaNeedsRebuild, Severity.Warning, subject, $"the index of {subject} was built otherwise than the schemas and settings say now: {unlike}. Searches by them find what they found before.",
            $"Build it again while everything goes on: hub reindex {subject}")];
    }

    public bool NeedsRebuild => !HasAnalysis || Unlike.Count > 0;

    /// <summary>Whether documents of the present schema may be given the field.</summary>
    public bool Has(string field) => Held.TryGetValue(field, out var held) && Wanted.TryGetValue(field, out var wanted) && held == wanted;
}
