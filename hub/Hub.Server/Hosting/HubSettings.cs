using System.Collections;
using System.Globalization;
using Hub.Core.Mapping;
using Hub.Core.Ops;
using Hub.Core.Schemas.Registry;
using Hub.Index.Elasticsearch;
using Hub.Log.Kafka;

namespace Hub.Server.Hosting;

/// <summary>One value as it was given, and where. <paramref name="Folder"/> is what relative paths in it start from.</summary>
public sealed record GivenSetting(string Key, string Value, string Place, string Folder);

/// <summary>
/// Reads <see cref="HubOptions"/> from <c>hub.yaml</c>, then the environment (<c>HUB_LOG_PARTITIONS</c>), then <c>--set key=value</c>;
/// a later one wins.
/// </summary>
public static class HubSettings
{
    private const string DefaultFile = "hub.yaml";

    /// <summary>The keys in <c>hub.yaml</c> and <c>--set</c>.</summary>
    public static IReadOnlyCollection<string> Keys => Readers.Keys;

    private delegate HubOptions Reader(HubOptions options, GivenSetting given);

    private static readonly Dictionary<string, Reader> Readers = new(StringComparer.Ordinal)
    {
        ["data"] = (options, given) => options with { DataFolder = Folder(given), DataPlace = given.Place },
        ["schemas"] = (options, given) => options with { SchemasFolder = Folder(given) },
        ["connectors"] = (options, given) => options with { ConnectorsFolder = Folder(given) },
        ["address"] = (options, given) => options with { Address = Address(given) },
        ["log"] = (options, given) => options with { Log = Choice(given, "log", ("sqlite", LogKind.Sqlite), ("kafka", LogKind.Kafka)) },
        ["kafka.bootstrap"] = (options, given) => options with { Kafka = options.Kafka with { Bootstrap = given.Value } },
        ["kafka.prefix"] = (options, given) => options with { Kafka = options.Kafka with { Prefix = Checked(given, KafkaLogOptions.CheckPrefix) } },
        ["kafka.createTopics"] = (options, given) => options with { Kafka = options.Kafka with { CreateTopics = Flag(given) } },
        ["kafka.replication"] = (options, given) => options with { Kafka = options.Kafka with { Replication = Replication(given) } },
        ["index"] = (options, given) => options with { Index = Choice(given, "index", ("lucene", IndexKind.Lucene), ("elasticsearch", IndexKind.Elasticsearch)) },
        ["elasticsearch.url"] = (options, given) => options with { Elasticsearch = options.Elasticsearch with { Url = Checked(given, ElasticsearchOptions.CheckUrl) } },
        ["elasticsearch.user"] = (options, given) => options with { Elasticsearch = options.Elasticsearch with { User = given.Value } },
        ["elasticsearch.password"] = (options, given) => options with { Elasticsearch = options.Elasticsearch with { Password = given.Value } },
        ["elasticsearch.apiKey"] = (options, given) => options with { Elasticsearch = options.Elasticsearch with { ApiKey = given.Value } },
        ["elasticsearch.caFile"] = (options, given) => options with { Elasticsearch = options.Elasticsearch with { CaFile = given.Value.Length == 0 ? "" : Folder(given) } },
        ["elasticsearch.prefix"] = (options, given) => options with { Elasticsearch = options.Elasticsearch with { Prefix = Checked(given, ElasticsearchOptions.CheckPrefix) } },
        ["elasticsearch.shards"] = (options, given) => options with { Elasticsearch = options.Elasticsearch with { Shards = (int)Number(given, 1, 64) } },
        ["elasticsearch.analyzer"] = (options, given) => options with { Elasticsearch = options.Elasticsearch with { Analyzer = Choice(given, "analyzer", ("cjk", TextAnalyzer.Cjk), ("smartcn", TextAnalyzer.Smartcn), ("ik_max_word", TextAnalyzer.IkMaxWord)) } },
        ["elasticsearch.bulkBytes"] = (options, given) => options with { Elasticsearch = options.Elasticsearch with { BulkBytes = (int)Bytes(given, 64 * 1024, 64 * 1024 * 1024) } },
        ["elasticsearch.concurrency"] = (options, given) => options with { Elasticsearch = options.Elasticsearch with { Concurrency = (int)Number(given, 1, 64) } },
        ["elasticsearch.gzip"] = (options, given) => options with { Elasticsearch = options.Elasticsearch with { Gzip = given.Value == "auto" ? null : Flag(given) } },
        ["elasticsearch.keepDeleteMarkers"] = (options, given) => options with { Elasticsearch = options.Elasticsearch with { KeepDeleteMarkers = Duration(given, TimeSpan.FromHours(1), TimeSpan.FromDays(3650)) } },
        ["logPartitions"] = (options, given) => options with { LogPartitions = (int)Number(given, 1, 256) },
        ["refreshInterval"] = (options, given) => options with { RefreshInterval = Duration(given, TimeSpan.FromMilliseconds(10), TimeSpan.FromMinutes(1)) },
        ["commitInterval"] = (options, given) => options with { CommitInterval = Duration(given, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(10)) },
        ["batchBytes"] = (options, given) => options with { BatchBytes = (int)Bytes(given, 64 * 1024, 256 * 1024 * 1024) },
        ["registry.url"] = (options, given) => options with { Registry = options.Registry with { Url = Checked(given, RegistryOptions.CheckUrl) } },
        ["registry.user"] = (options, given) => options with { Registry = options.Registry with { User = given.Value } },
        ["registry.password"] = (options, given) => options with { Registry = options.Registry with { Password = given.Value } },
        ["registry.register"] = (options, given) => options with { Registry = options.Registry with { Register = Flag(given) } },
    };

    /// <param name="file">The file to read; null: <c>hub.yaml</c> in the working folder if it is there.</param>
    /// <param name="set">Pairs <c>key=value</c> from the command line.</param>
    /// <exception cref="HubException">Something is wrong; all of it is named.</exception>
    public static HubOptions Read(string? file, IReadOnlyList<string> set, IDictionary environment)
    {
        var findings = new List<Finding>();
        var options = new HubOptions();
        foreach (var given in FromFile(file, findings).Concat(FromEnvironment(environment)).Concat(FromCommandLine(set, findings)))
        {
            try
            {
                options = Apply(options, given);
            }
            catch (HubException failure)
            {
                findings.AddRange(failure.Findings);
            }
        }

        if (options is { Log: LogKind.Kafka, Kafka.Bootstrap: "" })
            AddMissing(findings, "kafka.bootstrap", "the log is on Kafka, but no address of Kafka is set.", "Add --set kafka.bootstrap=kafka1:9092,kafka2:9092.");
        if (options is { Index: IndexKind.Elasticsearch, Elasticsearch.Url: "" })
            AddMissing(findings, "elasticsearch.url", "the index is in Elasticsearch, but no address of it is set.", "Add --set elasticsearch.url=http://127.0.0.1:9200.");
        return findings.Count > 0 ? throw new HubException(findings) : options;
    }

    // One that is wrong was told already.
    private static void AddMissing(List<Finding> findings, string key, string message, string suggestion)
    {
        if (!findings.Exists(finding => finding.Message.StartsWith($"{key}: ", StringComparison.Ordinal)))
            findings.Add(new(Codes.MissingSetting, Severity.Error, key, message, suggestion));
    }

    private static IEnumerable<GivenSetting> FromFile(string? file, List<Finding> findings)
    {
        var path = Path.GetFullPath(file ?? DefaultFile);
        if (File.Exists(path))
            return SettingsFile.Read(path, findings).Select(given => new GivenSetting(given.Key, given.Setting.Value, given.Setting.Place, Path.GetDirectoryName(path)!));
        if (file is not null)
            findings.Add(new(Codes.SettingInvalid, Severity.Error, file, "there is no such file.", "Name the file that holds the settings of Hub."));
        return [];
    }

    private static HubOptions Apply(HubOptions options, GivenSetting given)
        => Readers.TryGetValue(given.Key, out var reader) ? reader(options, given)
            : KafkaProperties.TryApply(options.Kafka, given) is { } kafka ? options with { Kafka = kafka }
            : throw new HubException(new Finding(
                Codes.UnknownKey, Severity.Error, given.Place, $"there is no setting '{given.Key}'.", Nearest.Suggest(given.Key, Readers.Keys, "settings")));

    // Other variables that begin with HUB_ belong to source definitions, so only the known ones are taken and none is refused.
    private static IEnumerable<GivenSetting> FromEnvironment(IDictionary environment)
    {
        var known = Readers.Keys.SelectMany(key => NamesOf(key).Distinct(StringComparer.Ordinal), KeyValuePair.Create).ToDictionary(one => one.Value, one => one.Key, StringComparer.Ordinal);
        return from name in environment.Keys.OfType<string>().Order(StringComparer.Ordinal)
               let key = known.GetValueOrDefault(name) ?? KafkaProperties.KeyOf(name)
               where key is not null && environment[name] is string { Length: > 0 }
               select new GivenSetting(key, (string)environment[name]!, name, Directory.GetCurrentDirectory());
    }

    /// <summary>The variables of a key: HUB_LOG_PARTITIONS, and HUB_LOGPARTITIONS too, which would be ignored without a word.</summary>
    private static IEnumerable<string> NamesOf(string key)
        => [$"HUB_{string.Concat(key.Select(letter => letter == '.' ? "_" : char.IsAsciiLetterUpper(letter) ? $"_{letter}" : $"{char.ToUpperInvariant(letter)}"))}", $"HUB_{key.Replace('.', '_').ToUpperInvariant()}"];

    private static IEnumerable<GivenSetting> FromCommandLine(IReadOnlyList<string> set, List<Finding> findings)
    {
        foreach (var pair in set)
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0)
                // The value is not part of the place: it may be a secret.
                yield return new(pair[..equals].Trim(), pair[(equals + 1)..].Trim(), $"--set {pair[..equals].Trim()}", Directory.GetCurrentDirectory());
            else
                findings.Add(new(Codes.SettingInvalid, Severity.Error, $"--set {pair}", "this is not key=value.", "Write it like --set address=http://127.0.0.1:8321."));
        }
    }

    private static T Choice<T>(GivenSetting given, string what, params (string Name, T Value)[] choices)
    {
        foreach (var (name, value) in choices)
            if (given.Value == name)
                return value;
        throw Wrong(given, $"there is no {what} '{given.Value}'.", $"Write {string.Join(" or ", choices.Select(choice => choice.Name))}.");
    }

    private static string Checked(GivenSetting given, Func<string, string, Finding?> check)
        => check(given.Value, given.Place) is { } finding ? throw new HubException(finding with { Message = $"{given.Key}: {finding.Message}" }) : given.Value;

    private static short Replication(GivenSetting given) => given.Value == "cluster" ? (short)-1 : (short)Number(given, 1, short.MaxValue);

    private static string Folder(GivenSetting given)
        => given.Value.Length > 0 ? Path.GetFullPath(given.Value, given.Folder) : throw Wrong(given, "names no folder.", "Write a path.");

    private static Uri Address(GivenSetting given)
    {
        if (!Uri.TryCreate(given.Value, UriKind.Absolute, out var address))
            throw Wrong(given, $"'{given.Value}' is not an address.", "Write it like http://127.0.0.1:8320.");
        return HubOptions.CheckAddress(address, given.Place) is { } finding ? throw new HubException(finding) : address;
    }

    private static bool Flag(GivenSetting given)
        => given.Value is "true" or "false" ? given.Value == "true" : throw Wrong(given, $"'{given.Value}' is neither true nor false.", "Write true or false.");

    private static long Number(GivenSetting given, long from, long to)
        => long.TryParse(given.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= from && number <= to
            ? number
            : throw Wrong(given, $"'{given.Value}' is not a whole number from {from} to {to}.", "Write such a number.");

    private static TimeSpan Duration(GivenSetting given, TimeSpan from, TimeSpan to)
        => Scaled(given.Value, [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)]) is { } milliseconds
            && milliseconds >= from.TotalMilliseconds && milliseconds <= to.TotalMilliseconds
                ? TimeSpan.FromMilliseconds(milliseconds)
                : throw Wrong(given, $"'{given.Value}' is not a time from {from.TotalSeconds} s to {to.TotalSeconds} s.", "Write it like 200ms, 10s, 1m, 12h or 30d.");

    private static long Bytes(GivenSetting given, long from, long to)
        => Scaled(given.Value, [("KB", 1024), ("MB", 1024 * 1024), ("", 1)]) is { } bytes && bytes >= from && bytes <= to
            ? bytes
            : throw Wrong(given, $"'{given.Value}' is not a size from {from / 1024}KB to {to / (1024 * 1024)}MB.", "Write it like 512KB or 4MB.");

    private static long? Scaled(string text, (string Unit, int Factor)[] units)
    {
        foreach (var (unit, factor) in units)
            if (text.EndsWith(unit, StringComparison.OrdinalIgnoreCase)
                && int.TryParse(text.AsSpan(0, text.Length - unit.Length).TrimEnd(), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
                return (long)number * factor;
        return null;
    }

    private static HubException Wrong(GivenSetting given, string message, string suggestion)
        => new(new Finding(Codes.SettingInvalid, Severity.Error, given.Place, $"{given.Key}: {message}", suggestion));
}
