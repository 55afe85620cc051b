using System.Buffers.Binary;

namespace Hub.Core.Log;

/// <summary>Which partition a key belongs to: Kafka's default, murmur2 of the key, so that both providers agree.</summary>
public static class Partitioner
{
    public static int PartitionOf(ReadOnlySpan<byte> key, int partitions)
        => partitions == 1 ? 0 : (int)((Murmur2(key) & 0x7fffffff) % (uint)partitions);

    /// <summary>Source: <c>org.apache.kafka.common.utils.Utils.murmur2</c>.</summary>
    public static uint Murmur2(ReadOnlySpan<byte> data)
    {
        const uint M = 0x5bd1e995;
        var hash = 0x9747b28c ^ (uint)data.Length;
        while (data.Length >= 4)
        {
            var k = BinaryPrimitives.ReadUInt32LittleEndian(data) * M;
            hash = (hash * M) ^ ((k ^ (k >> 24)) * M);
            data = data[4..];
        }

        if (data.Length >= 3)
            hash ^= (uint)data[2] << 16;
        if (data.Length >= 2)
            hash ^= (uint)data[1] << 8;
        if (data.Length >= 1)
            hash = (hash ^ data[0]) * M;

        hash = (hash ^ (hash >> 13)) * M;
        return hash ^ (hash >> 15);
    }
}
