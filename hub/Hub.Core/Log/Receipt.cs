using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Hub.Core.Log;

/// <summary>
/// Places in the log that whoever appended something is given: when a reader has passed all of them, it has read what was appended. It travels as a token
/// that only Hub looks into; the form of a version never changes.
/// </summary>
/// <param name="log">Four bytes that tell the log from others: offsets mean nothing on another.</param>
/// <param name="places">Per partition, the first offset after what was appended.</param>
public sealed class Receipt(ReadOnlyMemory<byte> log, IReadOnlyDictionary<TopicPartition, long> places)
{
    private const byte Version = 1;
    private const int MarkSize = 4;
    private const int LongestText = 48 * 1024;

    /// <param name="logIdentity">See <see cref="LogIdentity"/>.</param>
    /// <param name="ends">Partitions that nothing was appended to may be among them.</param>
    public static Receipt Of(string logIdentity, IReadOnlyDictionary<TopicPartition, long> ends)
        => new(MarkOf(Encoding.UTF8.GetBytes(logIdentity)), ends.Where(end => end.Value > 0).ToDictionary());

    public IReadOnlyDictionary<TopicPartition, long> Places { get; } = places;

    public bool IsOf(string logIdentity) => log.Span.SequenceEqual(MarkOf(Encoding.UTF8.GetBytes(logIdentity)));

    /// <summary>The token, safe in an address. Equal receipts have equal tokens.</summary>
    public override string ToString()
    {
        using var bytes = new MemoryStream();
        using var writer = new BinaryWriter(bytes, Encoding.UTF8);
        writer.Write(Version);
        writer.Write(log.Span);
        foreach (var topic in Places.GroupBy(place => place.Key.Topic, StringComparer.Ordinal).OrderBy(topic => topic.Key, StringComparer.Ordinal))
        {
            writer.Write(topic.Key);
            writer.Write7BitEncodedInt(topic.Count());
            foreach (var (place, offset) in topic.OrderBy(place => place.Key.Partition))
            {
                writer.Write7BitEncodedInt(place.Partition);
                writer.Write7BitEncodedInt64(offset);
            }
        }

        writer.Write(MarkOf(bytes.ToArray()));
        return Base64Url.EncodeToString(bytes.ToArray());
    }

    /// <summary>The receipt; null when the text is none, was cut off or changed, or is of a later version of Hub.</summary>
    public static Receipt? Parse(string text)
    {
        if (text.Length > LongestText || !Base64Url.IsValid(text) || Base64Url.DecodeFromChars(text) is not { Length: >= 1 + 2 * MarkSize } bytes)
            return null;
        var content = bytes.AsSpan(..^MarkSize);
        return content[0] == Version && bytes.AsSpan(^MarkSize..).SequenceEqual(MarkOf(content)) ? Read(bytes) : null;
    }

    private static Receipt Read(byte[] bytes)
    {
        var places = new Dictionary<TopicPartition, long>();
        using var reader = new BinaryReader(new MemoryStream(bytes, 0, bytes.Length - MarkSize), Encoding.UTF8);
        reader.ReadByte();
        var log = reader.ReadBytes(MarkSize);
        while (reader.BaseStream.Position < reader.BaseStream.Length)
        {
            var topic = reader.ReadString();
            for (var left = reader.Read7BitEncodedInt(); left > 0; left--)
                places[new(topic, reader.Read7BitEncodedInt())] = reader.Read7BitEncodedInt64();
        }

        return new(log, places);
    }

    private static byte[] MarkOf(ReadOnlySpan<byte> bytes) => SHA256.HashData(bytes)[..MarkSize];
}
