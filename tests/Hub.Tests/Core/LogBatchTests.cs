using Hub.Core.Log;
using Hub.Core.Records;
using Xunit;

namespace Hub.Tests.Core;

public sealed class LogBatchTests
{
    [Fact]
    public void Cells_keep_their_bytes_while_the_buffer_grows()
    {
        var batch = new LogBatch();
        var cells = Enumerable.Range(0, 2_000).Select(number => batch.Store(BytesOf(number))).ToArray();
        for (var number = 0; number < cells.Length; number++)
            Assert.Equal(BytesOf(number), batch.Bytes(cells[number]));
    }

    [Fact]
    public void Reserved_room_becomes_a_cell_when_it_is_taken()
    {
        var batch = new LogBatch();
        "0123456789"u8.CopyTo(batch.Reserve(1_000_000));
        var cell = batch.Take(10);
        Assert.Equal("0123456789"u8, batch.Bytes(cell));
        Assert.Equal(10, batch.Store("next"u8).Offset);
    }

    [Fact]
    public void A_cleared_batch_is_empty()
    {
        var batch = new LogBatch();
        var key = batch.Store("key"u8);
        batch.Add(new(new("topic", 0), -1, "source", Operation.Create, 1, 0, key, Cell.Null, Cell.Null));
        Assert.Equal(1, batch.Count);
        Assert.True(batch.SizeInBytes > 3);
        batch.Clear();
        Assert.Equal(0, batch.Count);
        Assert.Equal(0, batch.SizeInBytes);
    }

    private static byte[] BytesOf(int number) => [.. Enumerable.Range(0, number % 300).Select(at => (byte)(number + at))];
}
