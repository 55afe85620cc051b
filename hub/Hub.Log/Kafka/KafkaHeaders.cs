using System.Buffers.Text;
using System.Text;
using Confluent.Kafka;
using Hub.Core.Log;
using Hub.Core.Records;
using TopicPartition = Hub.Core.Log.TopicPartition;

namespace Hub.Log.Kafka;

/// <summary>
/// The metadata of an entry as headers of a Kafka record: text, so that any tool shows them. The names never change. What is written is used
/// again for the next record.
/// </summary>
internal sealed class KafkaHeaders
{
    public const string SourceKey = "hub-source";
    public const string PositionKey = "hub-position";
    public const string VersionKey = "hub-version";
    public const string OperationKey = "hub-operation";
    public const string OccurredAtKey = "hub-occurred-at";

    private readonly Text source = new(SourceKey);
    private readonly Text operation = new(OperationKey);
    private readonly Text version = new(VersionKey);
    private readonly Text occurredAt = new(OccurredAtKey);
    private readonly Text position = new(PositionKey);
    private readonly Headers plain, timed, placed, full;
    private string? lastSource;
    private byte[] lastSourceBytes = [];

    public KafkaHeaders()
    {
        plain = [source, operation, version];
        timed = [source, operation, version, occurredAt];
        placed = [source, operation, version, position];
        full = [source, operation, version, occurredAt, position];
    }

    /// <summary>The headers of one record; they hold until the next.</summary>
    public Headers Write(LogBatch batch, in LogEntry entry)
    {
        if (entry.Source != lastSource)
            source.Set(lastSourceBytes = Encoding.UTF8.GetBytes(lastSource = entry.Source));
        operation.Set((long)entry.Operation);
        version.Set(entry.Version);
        occurredAt.Set(entry.OccurredAt);
        if (!entry.Position.HasValue)
            return entry.OccurredAt == 0 ? plain : timed;
        position.Set(batch.Bytes(entry.Position));
        return entry.OccurredAt == 0 ? placed : full;
    }

    /// <summary>
    /// What stands for no value. Kafka forgets a key without one after a while, since what it deletes is gone by then; a truncate deletes what
    /// stands under other keys and must be there for as long as they are, so its value is empty.
    /// </summary>
    public static byte[]? ValueWithout(Operation operation) => operation == Operation.Truncate ? [] : null;

    /// <summary>
    /// The metadata that a record carries. One that somebody else wrote without a version counts as older than all of Hub's, and its source is
    /// what its key begins with.
    /// </summary>
    public LogEntry Read(Headers? headers, LogBatch into, TopicPartition place, long offset, Cell key, Cell value)
    {
        string? from = null;
        var (kind, number, moment, position) = (value.IsNull ? Operation.Delete : Operation.Update, 0L, 0L, Cell.Null);
        var count = headers?.Count ?? 0;
        for (var i = 0; i < count; i++)
        {
            var header = headers![i];
            switch (header.Key)
            {
                case SourceKey: from = SourceOf(header.GetValueBytes()); break;
                case PositionKey: position = into.Store(header.GetValueBytes()); break;
                case VersionKey: number = Number(header.GetValueBytes()); break;
                case OperationKey when Number(header.GetValueBytes()) is > 0 and <= byte.MaxValue and var known: kind = (Operation)known; break;
                case OccurredAtKey: moment = Number(header.GetValueBytes()); break;
            }
        }

        if (kind == Operation.Truncate && value is { IsNull: false, Length: 0 })
            value = Cell.Null;
        return new(place, offset, from ?? SourceOf(SourceIn(into.Bytes(key))), kind, number, moment, key, value, position);
    }

    private static ReadOnlySpan<byte> SourceIn(ReadOnlySpan<byte> key) => key[..Math.Max(0, key.IndexOf((byte)':'))];

    private static long Number(ReadOnlySpan<byte> digits) => Utf8Parser.TryParse(digits, out long number, out var length) && length == digits.Length ? number : 0;

    private string SourceOf(ReadOnlySpan<byte> bytes)
    {
        if (lastSource is null || !bytes.SequenceEqual(lastSourceBytes))
            (lastSource, lastSourceBytes) = (Encoding.UTF8.GetString(bytes), bytes.ToArray());
        return lastSource;
    }

    /// <summary>A header whose value is set anew for each record.</summary>
    private sealed class Text(string key) : IHeader
    {
        private const int LongestKept = 256;
        private readonly ExactBuffers buffers = new(LongestKept);
        private byte[] value = [];

        public string Key => key;

        public byte[] GetValueBytes() => value;

        public void Set(ReadOnlySpan<byte> bytes) => value = buffers.Copy(bytes);

        public void Set(long number)
        {
            Span<byte> digits = stackalloc byte[20];
            Utf8Formatter.TryFormat(number, digits, out var length);
            Set(digits[..length]);
        }
    }
}
