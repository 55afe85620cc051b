using System.Globalization;
using System.Text.Json.Nodes;
using Hub.Core.Schemas;
using Hub.Index.Documents;
using Hub.Index.Queries;

namespace Hub.Index.Elasticsearch;

/// <summary>
/// Makes the settings and the strict mapping of a generation of a subject's latest schema. Amounts and moments are whole numbers (of the smallest unit,
/// and of microseconds), so that not a cent is lost; the <c>meta</c> of the field says so to whoever looks at the index directly.
/// </summary>
internal sealed class MappingBuilder(IndexMapping mapping, ElasticsearchOptions options)
{
    /// <summary>Bytes of a keyword that Lucene can hold, when every character takes four.</summary>
    private const int LongestKeyword = 32_766 / 4;
    private const string Analyzer = "hub";

    /// <summary>The plugin that the analyzer needs; null when none.</summary>
    public static string? PluginOf(TextAnalyzer analyzer) => analyzer switch
    {
        TextAnalyzer.Smartcn => "analysis-smartcn",
        TextAnalyzer.IkMaxWord => "analysis-ik",
        _ => null,
    };

    public JsonObject SettingsOf() => new()
    {
        ["index"] = new JsonObject
        {
            ["number_of_shards"] = options.Shards,
            ["auto_expand_replicas"] = "0-1",
            // Hub refreshes itself; this is for what it left behind.
            ["refresh_interval"] = "30s",
            ["max_result_window"] = 10_000,
            ["mapping"] = new JsonObject { ["total_fields"] = new JsonObject { ["limit"] = 2_000 } },
        },
        ["analysis"] = new JsonObject
        {
            ["filter"] = new JsonObject { ["hub_stop"] = new JsonObject { ["type"] = "stop", ["stopwords"] = new JsonArray([.. TextAnalysis.StopWords.Select(word => JsonValue.Create(word))]) } },
            ["analyzer"] = new JsonObject { [Analyzer] = AnalyzerOf() },
        },
    };

    /// <param name="subject">The mapping is of its latest version.</param>
    public JsonObject MappingOf(SubjectSchema subject)
    {
        var properties = new JsonObject
        {
            [EngineFields.Id] = Keyword(),
            [EngineFields.Subject] = Keyword(),
            [EngineFields.Source] = Keyword(),
            [EngineFields.Version] = new JsonObject { ["type"] = "long" },
            [EngineFields.Value] = new JsonObject { ["type"] = "binary" },
            [EngineFields.Title] = Text(),
            [EngineFields.Text] = Text(),
            [EngineFields.Present] = new JsonObject { ["type"] = "keyword", ["doc_values"] = false },
            [EngineFields.DeletedAt] = new JsonObject { ["type"] = "date", ["format"] = "epoch_millis" },
        };
        foreach (var field in subject.Fields)
            if (mapping.IsQueryable(subject.Subject, field.Name))
                properties[field.Name] = PropertyOf(subject.Subject, field);
        return new JsonObject
        {
            ["dynamic"] = "strict",
            ["_meta"] = new JsonObject { ["subject"] = subject.Subject, ["version"] = subject.Version, ["analysis"] = AnalysisName, ["fields"] = FingerprintOf(subject.Subject) },
            ["properties"] = properties,
        };
    }

    /// <summary>How texts become words; a generation that did it otherwise must be built again.</summary>
    public string AnalysisName => options.Analyzer == TextAnalyzer.Cjk ? TextAnalysis.Name : $"{options.Analyzer}-1";

    /// <summary>Per field, how the index treats it.</summary>
    public JsonObject FingerprintOf(string subject)
        => new(mapping.Fingerprint.Where(line => line.Key.StartsWith($"{subject}.", StringComparison.Ordinal))
            .Select(line => KeyValuePair.Create(line.Key[(subject.Length + 1)..], (JsonNode?)line.Value)));

    private JsonObject AnalyzerOf() => options.Analyzer switch
    {
        TextAnalyzer.Smartcn => new() { ["type"] = "custom", ["tokenizer"] = "smartcn_tokenizer", ["filter"] = new JsonArray("cjk_width", "lowercase", "hub_stop") },
        TextAnalyzer.IkMaxWord => new() { ["type"] = "custom", ["tokenizer"] = "ik_max_word", ["filter"] = new JsonArray("cjk_width", "lowercase", "hub_stop") },
        _ => new() { ["type"] = "custom", ["tokenizer"] = "standard", ["filter"] = new JsonArray("cjk_width", "lowercase", "cjk_bigram", "hub_stop") },
    };

    private JsonObject PropertyOf(string subject, FieldSchema field)
    {
        var property = field.Search switch
        {
            // Its words are in the text of the whole document.
            SearchRole.Text => new JsonObject { ["type"] = "text", ["index"] = false, ["norms"] = false },
            SearchRole.Keyword or SearchRole.Flag => Keyword(),
            SearchRole.Date => new JsonObject { ["type"] = "date", ["format"] = "strict_date||epoch_millis" },
            _ => new JsonObject { ["type"] = "long" },
        };
        property["meta"] = MetaOf(field);
        if (mapping.IsFullText(subject, field.Name))
            property["copy_to"] = field.IsTitle ? new JsonArray(EngineFields.Text, EngineFields.Title) : new JsonArray(EngineFields.Text);
        if (field.CodeList is null || field.Search is not (SearchRole.Keyword or SearchRole.Text))
            return property;
        var name = Keyword();
        if (mapping.IsFullText(subject, field.Name))
            name["copy_to"] = EngineFields.Text;
        return new() { ["properties"] = new JsonObject { [EngineFields.Code] = property, [EngineFields.Name] = name } };
    }

    private static JsonObject MetaOf(FieldSchema field)
    {
        var meta = new JsonObject { ["level"] = field.Level.ToString(CultureInfo.InvariantCulture) };
        if (field.Link is { } link)
            meta["link"] = link;
        if (field.Search == SearchRole.Amount)
            meta["scale"] = field.Scale.ToString(CultureInfo.InvariantCulture);
        if (field.Search == SearchRole.Time)
            meta["unit"] = "microseconds since 1970 UTC";
        return meta;
    }

    private static JsonObject Keyword() => new() { ["type"] = "keyword", ["ignore_above"] = LongestKeyword };

    private static JsonObject Text() => new() { ["type"] = "text", ["analyzer"] = Analyzer };
}
