using System.Buffers.Text;
using System.Globalization;
using System.Text;
using Confluent.Kafka;
using Hub.Core.Log;
using Hub.Core.Records;

namespace Hub.Log.Kafka;

/// <summary>The metadata of an entry as headers of a Kafka record: text, so that any tool shows them. The names never change.</summary>
internal sealed class KafkaHeaders
{
    public const string SourceKey = "hub-source";
    public const string PositionKey = "hub-position";
    public const string VersionKey = "hub-version";
    public const string OperationKey = "hub-operation";
    public const string OccurredAtKey = "hub-occurred-at";

    private static readonly Header[] Operations = [.. Enumerable.Range(0, 256).Select(number => new Header(OperationKey, Encoding.ASCII.GetBytes(number.ToString(CultureInfo.InvariantCulture))))];

    private string? lastSource;
    private Header? lastSourceHeader;
    private byte[] lastSourceBytes = [];

    public Headers Write(LogBatch batch, in LogEntry entry)
    {
        var headers = new Headers { SourceHeader(entry.Source), Operations[(byte)entry.Operation], new Header(VersionKey, Digits(entry.Version)) };
        if (entry.OccurredAt != 0)
            headers.Add(new Header(OccurredAtKey, Digits(entry.OccurredAt)));
        if (entry.Position.HasValue)
            headers.Add(new Header(PositionKey, batch.Bytes(entry.Position).ToArray()));
        return headers;
    }

    /// <summary>
    /// The metadata that a record carries. One that somebody else wrote without a version counts as older than all of Hub's, and its source is
    /// what its key begins with.
    /// </summary>
    public LogEntry Read(LogBatch into, Headers? headers, ReadOnlySpan<byte> key, bool isTombstone)
    {
        var entry = new LogEntry { Operation = isTombstone ? Operation.Delete : Operation.Update, Position = Cell.Null };
        for (var i = 0; i < headers?.Count; i++)
        {
            var value = headers[i].GetValueBytes();
            entry = headers[i].Key switch
            {
                SourceKey => entry with { Source = SourceOf(value) },
                PositionKey => entry with { Position = into.Store(value) },
                VersionKey => entry with { Version = Number(value) },
                OperationKey when Number(value) is > 0 and <= byte.MaxValue and var number => entry with { Operation = (Operation)number },
                OccurredAtKey => entry with { OccurredAt = Number(value) },
                _ => entry,
            };
        }

        return entry.Source is null ? entry with { Source = SourceOf(key[..Math.Max(0, key.IndexOf((byte)':'))]) } : entry;
    }

    private static byte[] Digits(long number)
    {
        Span<byte> digits = stackalloc byte[20];
        Utf8Formatter.TryFormat(number, digits, out var length);
        return digits[..length].ToArray();
    }

    private static long Number(ReadOnlySpan<byte> digits) => Utf8Parser.TryParse(digits, out long number, out var length) && length == digits.Length ? number : 0;

    private Header SourceHeader(string source)
    {
        if (source != lastSource)
            (lastSource, lastSourceHeader) = (source, new Header(SourceKey, Encoding.UTF8.GetBytes(source)));
        return lastSourceHeader!;
    }

    private string SourceOf(ReadOnlySpan<byte> bytes)
    {
        if (lastSource is null || !bytes.SequenceEqual(lastSourceBytes))
            (lastSource, lastSourceBytes) = (Encoding.UTF8.GetString(bytes), bytes.ToArray());
        return lastSource;
    }
}
