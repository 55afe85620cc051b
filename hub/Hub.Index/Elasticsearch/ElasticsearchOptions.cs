using System.Security.Cryptography.X509Certificates;
using System.Text;
using Hub.Core.Ops;
using Hub.Index.Documents;

namespace Hub.Index.Elasticsearch;

/// <summary>Where the engine is and how it is used. Its secrets are in no text that this makes.</summary>
public sealed record ElasticsearchOptions
{
    /// <summary>Base addresses of the nodes with commas between them.</summary>
    public string Url { get; init; } = "";

    /// <summary>For basic authentication; empty: what the address holds before its <c>@</c>, if anything.</summary>
    public string User { get; init; } = "";

    public string Password { get; init; } = "";

    /// <summary>The encoded API key (<c>id:key</c> in base 64), instead of user and password.</summary>
    public string ApiKey { get; init; } = "";

    /// <summary>A PEM file of the authority that signed the nodes' certificates, and no other; empty: those that the machine trusts.</summary>
    public string CaFile { get; init; } = "";

    /// <summary>What the names of all indices and aliases begin with.</summary>
    public string Prefix { get; init; } = "hub-";

    /// <summary>Shards of a new generation.</summary>
    public int Shards { get; init; } = 1;

    /// <summary>How Chinese text becomes words.</summary>
    public TextAnalyzer Analyzer { get; init; }

    /// <summary>Bytes of one bulk request, about; the engine refuses more than its <c>http.max_content_length</c>, 100 MB if not set.</summary>
    public int BulkBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>Documents of one bulk request.</summary>
    public int BulkCount { get; init; } = 5_000;

    /// <summary>Bulk requests at once; fewer while the engine says that it is too busy.</summary>
    public int Concurrency { get; init; } = 2;

    /// <summary>Whether requests are compressed; null: when a node is not on this machine.</summary>
    public bool? Gzip { get; init; }

    /// <summary>How long a delete marker is kept.</summary>
    public TimeSpan KeepDeleteMarkers { get; init; } = TimeSpan.FromDays(30);

    /// <summary>How long one request may take.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How often a request is sent again at once when a node fails, before the failure is told.</summary>
    public int Retries { get; init; } = 3;

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>The base addresses, without what they hold before their <c>@</c>.</summary>
    public IReadOnlyList<Uri> Nodes => BaseAddresses.Of(Url);

    internal bool IsCompressed => Gzip ?? !Nodes.All(node => node.IsLoopback);

    internal string? Authorization => ApiKey.Length > 0 ? $"ApiKey {ApiKey}"
        : BaseAddresses.CredentialsOf(Url, User, Password) is { } credentials ? $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes(credentials))}"
        : null;

    /// <summary>What is wrong with the addresses, or null.</summary>
    public static Finding? CheckUrl(string url, string place) => BaseAddresses.Check(url, place, "Elasticsearch or OpenSearch", "https://search1:9200");

    /// <summary>What is wrong with a prefix of names, or null.</summary>
    public static Finding? CheckPrefix(string prefix, string place)
        => prefix.Length is > 0 and <= 40 && char.IsAsciiLetterLower(prefix[0]) && prefix.All(sign => char.IsAsciiLetterLower(sign) || char.IsAsciiDigit(sign) || sign is '-' or '_')
            ? null
            : new(Codes.SettingInvalid, Severity.Error, place, $"'{prefix}' cannot begin the name of an index.", "Write small letters, digits and hyphens, beginning with a letter, like hub-.");

    /// <exception cref="HubException">The file is not there or holds no certificate.</exception>
    internal X509Certificate2Collection? ReadAuthorities()
    {
        if (CaFile.Length == 0)
            return null;
        var authorities = new X509Certificate2Collection();
        try
        {
            authorities.ImportFromPemFile(CaFile);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or System.Security.Cryptography.CryptographicException)
        {
            throw new HubException(new Finding(Codes.SettingInvalid, Severity.Error, CaFile, $"elasticsearch.caFile: {failure.Message}", "Name a PEM file that holds the certificate of the authority."), failure);
        }

        return authorities.Count > 0 ? authorities
            : throw new HubException(new Finding(Codes.SettingInvalid, Severity.Error, CaFile, "elasticsearch.caFile: the file holds no certificate.", "Name a PEM file that holds the certificate of the authority."));
    }

    public override string ToString() => $"{nameof(ElasticsearchOptions)} {{ {string.Join(", ", Nodes)} }}";
}

/// <summary>How Chinese text becomes words. All but the first need a plugin on every node.</summary>
public enum TextAnalyzer
{
    /// <summary>Pairs of neighbouring characters; the same as the embedded index.</summary>
    Cjk,

    /// <summary>Words of simplified Chinese (plugin <c>analysis-smartcn</c>).</summary>
    Smartcn,

    /// <summary>All words of a dictionary that a text can be cut into (plugin <c>analysis-ik</c>).</summary>
    IkMaxWord,
}
