using System.Text;
using Hub.Core.Log;
using Xunit;

namespace Hub.Tests.Core;

public sealed class PartitionerTests
{
    /// <summary>The vectors of Kafka's own test of its murmur2.</summary>
    [Theory]
    [InlineData("21", -973932308)]
    [InlineData("foobar", -790332482)]
    [InlineData("a-little-bit-long-string", -985981536)]
    [InlineData("a-little-bit-longer-string", -1486304829)]
    [InlineData("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971)]
    [InlineData("abc", 479470107)]
    public void Keys_hash_as_in_Kafka(string key, int hash)
        => Assert.Equal(hash, unchecked((int)Partitioner.Murmur2(Encoding.UTF8.GetBytes(key))));

    [Fact]
    public void A_partition_is_the_positive_part_of_the_hash_modulo_their_number()
    {
        Assert.Equal((-973932308 & 0x7fffffff) % 12, Partitioner.PartitionOf("21"u8, 12));
        Assert.Equal(0, Partitioner.PartitionOf("21"u8, 1));
    }
}
