using System.Net;
using Hub.Core.Ops;
using Hub.Core.Schemas.Registry;
using Hub.Index.Elasticsearch;
using Hub.Log.Kafka;

namespace Hub.Server.Hosting;

/// <summary>What holds the log.</summary>
public enum LogKind
{
    /// <summary>A file in the data folder.</summary>
    Sqlite,

    /// <summary>The topics of a Kafka cluster.</summary>
    Kafka,
}

/// <summary>What holds the index.</summary>
public enum IndexKind
{
    /// <summary>A folder in the data folder.</summary>
    Lucene,

    /// <summary>Elasticsearch or OpenSearch.</summary>
    Elasticsearch,
}

/// <summary>The settings of one Hub. Checked by <see cref="HubSettings"/> before anything is opened.</summary>
public sealed record HubOptions
{
    /// <summary>Holds the log and the index.</summary>
    public string DataFolder { get; init; } = "data";

    /// <summary>Where <see cref="DataFolder"/> was given, for what is only found when it is opened.</summary>
    public string DataPlace { get; init; } = "data";

    public string SchemasFolder { get; init; } = "schemas";

    /// <summary>Holds the source definitions.</summary>
    public string ConnectorsFolder { get; init; } = "connectors";

    /// <summary>Where the API and the page are served.</summary>
    public Uri Address { get; init; } = new("http://127.0.0.1:8320");

    public LogKind Log { get; init; }

    /// <summary>Where the log is when <see cref="Log"/> is <see cref="LogKind.Kafka"/>.</summary>
    public KafkaLogOptions Kafka { get; init; } = new();

    public IndexKind Index { get; init; }

    /// <summary>Where the index is when <see cref="Index"/> is <see cref="IndexKind.Elasticsearch"/>.</summary>
    public ElasticsearchOptions Elasticsearch { get; init; } = new();

    /// <summary>Partitions of a topic when it is first made; one that exists keeps its own.</summary>
    public int LogPartitions { get; init; } = 4;

    /// <summary>How long a change may wait in the index before a search finds it, whatever holds the index; while a backlog is worked off, 10 s.</summary>
    public TimeSpan RefreshInterval { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>How often the index is made durable; what was not is read from the log again after a crash.</summary>
    public TimeSpan CommitInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Bytes that one batch holds in memory, about.</summary>
    public int BatchBytes { get; init; } = 2 * 1024 * 1024;

    /// <summary>The schema registry outside of Hub, if there is one.</summary>
    public RegistryOptions Registry { get; init; } = new();

    /// <summary>Everything that is wrong with <see cref="Address"/>: Hub has no access control yet, so it serves this machine alone.</summary>
    public static Finding? CheckAddress(Uri address, string place)
    {
        if (address.Scheme != Uri.UriSchemeHttp || address.PathAndQuery != "/")
            return Wrong($"'{address}' is not an address to listen on.", "Write http://127.0.0.1:8320, without a path.");
        return IsLoopback(address)
            ? null
            : Wrong($"'{address}' can be reached from other machines, and Hub has no access control yet.", "Use http://127.0.0.1:8320.");

        Finding Wrong(string message, string suggestion) => new(Codes.SettingInvalid, Severity.Error, place, message, suggestion);
    }

    private static bool IsLoopback(Uri address)
        => address.Host == "localhost" || (IPAddress.TryParse(address.Host.Trim('[', ']'), out var ip) && IPAddress.IsLoopback(ip));
}
