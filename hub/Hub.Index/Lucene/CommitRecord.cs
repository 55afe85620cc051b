using System.Globalization;
using Hub.Core.Log;
using Hub.Core.Ops;
using Hub.Index.Documents;
using Hub.Index.Queries;

namespace Hub.Index.Lucene;

/// <summary>What a commit holds beside the documents: log offsets, floors of truncates, and what the index was built for.</summary>
internal sealed class CommitRecord
{
    private const string Format = "1";
    private const string OffsetKey = "offset:";
    private const string FloorKey = "floor:";
    private const string FieldKey = "field:";
    private const string LogKey = "log";

    private Dictionary<TopicPartition, long> next = [];
    private string? log;

    public Dictionary<TopicPartition, long> Offsets { get; private set; } = [];

    /// <summary>Per subject and source, the version below which everything is deleted.</summary>
    public Dictionary<(string Subject, string Source), long> Floors { get; } = [];

    /// <exception cref="HubException">The index was built for other fields or by another program.</exception>
    public static CommitRecord Read(IDictionary<string, string> data, IndexMapping mapping, string folder)
    {
        if (data.TryGetValue("hub", out var format) is false || format != Format)
            throw IndexFault.Damaged(folder, "was not written by this version of Hub");
        if (!data.TryGetValue("analysis", out var analysis) || analysis != TextAnalysis.Name)
            throw IndexFault.Damaged(folder, "was built with another analysis of text");

        var record = new CommitRecord { log = data.TryGetValue(LogKey, out var identity) ? identity : null };
        foreach (var (key, text) in data)
            record.Take(key, text, mapping, folder);
        foreach (var (subject, field) in mapping.Filled)
            if (!data.ContainsKey($"{FieldKey}{subject}.{field}") && data.Keys.Any(key => key.StartsWith($"{FieldKey}{subject}.", StringComparison.Ordinal)))
                throw IndexFault.Damaged(folder, $"was built before {subject} had the field '{field}', which has a default in earlier records");
        return record;
    }

    /// <exception cref="HubException">The offsets are of another log.</exception>
    public void Attach(string identity, string folder)
        => log = log is null || log == identity ? identity : throw IndexFault.Damaged(folder, "was built from another log, whose offsets mean nothing in this one");

    public Dictionary<string, string> ToUserData(IndexMapping mapping, IReadOnlyDictionary<TopicPartition, long> offsets)
    {
        next = new(Offsets);
        foreach (var (place, offset) in offsets)
            next[place] = offset;

        var data = new Dictionary<string, string>(StringComparer.Ordinal) { ["hub"] = Format, ["analysis"] = TextAnalysis.Name };
        if (log is not null)
            data[LogKey] = log;
        foreach (var (place, offset) in next)
            data[OffsetKey + place] = offset.ToString(CultureInfo.InvariantCulture);
        foreach (var (scope, version) in Floors)
            data[$"{FloorKey}{scope.Subject}\0{scope.Source}"] = version.ToString(CultureInfo.InvariantCulture);
        foreach (var (field, role) in mapping.Fingerprint)
            data[FieldKey + field] = role;
        return data;
    }

    /// <summary>The commit with these data is on the disk.</summary>
    public void MakeDurable() => Offsets = next;

    private void Take(string key, string text, IndexMapping mapping, string folder)
    {
        if (key.StartsWith(FieldKey, StringComparison.Ordinal))
        {
            var field = key[FieldKey.Length..];
            if (mapping.Fingerprint.TryGetValue(field, out var now) && now != text)
                throw IndexFault.Damaged(folder, $"was built when the field '{field}' had another name, role, level or mask in the schemas");
        }
        else if (key.StartsWith(OffsetKey, StringComparison.Ordinal))
        {
            var slash = key.LastIndexOf('/');
            Offsets[new(key[OffsetKey.Length..slash], int.Parse(key.AsSpan(slash + 1), CultureInfo.InvariantCulture))] = long.Parse(text, CultureInfo.InvariantCulture);
        }
        else if (key.StartsWith(FloorKey, StringComparison.Ordinal))
        {
            var parts = key[FloorKey.Length..].Split('\0', 2);
            Floors[(parts[0], parts[1])] = long.Parse(text, CultureInfo.InvariantCulture);
        }
    }
}

internal static class IndexFault
{
    public static HubException Damaged(string folder, string what, Exception? cause = null)
        => new(new Finding(Codes.IndexDamaged, Severity.Error, folder, $"The index {what}{(cause is null ? "" : $" ({cause.Message.TrimEnd('.')})")}.", "Stop Hub, delete the folder and start again: Hub rebuilds the index from the log."), cause);

    public static HubException InUse(string folder, Exception cause)
        => new(new Finding(Codes.DataFolderInUse, Severity.Error, folder, "Another process has the index open.", "Stop the other Hub, or give this one a folder of its own."), cause);
}
