using CsCheck;
using Hub.Core.Log;
using Hub.Core.Records;
using Xunit;
using static Hub.Tests.Contracts.LogContractEntry;

namespace Hub.Tests.Contracts;

/// <summary>Many random appends and reads, compared to lists in memory.</summary>
public abstract partial class LogContract
{
    private static readonly Gen<LogContractEntry> RandomEntry =
        from partition in Gen.Int[0, 1]
        from key in Gen.Int[0, 200]
        from size in Gen.Frequency((20, Gen.Int[0, 400]), (1, Gen.Int[0, 40_000]))
        from isTombstone in Gen.Int[0, 9]
        from version in Gen.Frequency((3, Gen.Long[0, 1_000_000]), (1, Gen.Long))
        from source in Gen.Int[0, 2].Select(one => one switch { 0 => "finance", 1 => "filing", _ => "财政" })
        from operation in Gen.Int[1, 5]
        from occurredAt in Gen.Long
        from position in Gen.Int[-1, 1_000]
        select new LogContractEntry(
            partition == 0 ? P0 : P1, $"{source}:{key}", isTombstone == 0 || (size == 0 && operation == (int)Operation.Truncate) ? null : new((char)('a' + key % 26), size), version, source,
            (Operation)operation, occurredAt, position < 0 ? null : $"{position:X16}-00000001");

    [Fact]
    public async Task A_thousand_random_batches_are_read_as_a_model_has_them()
    {
        var batches = RandomEntry.List[0, 12].Array[1_000].Single(_ => true, seed: "0N0XIzNsQ0O2");
        var model = new Dictionary<TopicPartition, List<LogContractEntry>> { [P0] = [], [P1] = [] };
        await using var reader = await Log.OpenReaderAsync("along", [P0.Topic], null, Token);
        var along = new List<LogContractEntry>();
        var batch = new LogBatch();
        for (var number = 0; number < batches.Length; number++)
        {
            foreach (var entry in batches[number])
                model[entry.Place].Add(entry);
            var ends = await Log.AppendAsync(Batch(batches[number]), new("finance", new($"{number}")), Token);
            if (number % 3 == 0 && reader.NextOffsets.Any(next => next.Value < ends[next.Key]))
            {
                await reader.ReadAsync(batch, 3_000, Timeout.InfiniteTimeSpan, Token);
                along.AddRange(In(batch));
            }
        }

        along.AddRange(await LogContractEntry.ReadAllAsync(reader, await EndsAsync(), 10_000, Token));
        AssertSame(model, along);
        AssertSame(model, await ReadAllAsync("after", 50_000));
        await AssertReadsFromTheMiddleAsync(along);
    }

    [Fact]
    public async Task Appends_and_reads_at_the_same_time_lose_and_repeat_nothing()
    {
        const int Writers = 3;
        const int Appends = 60;
        await using var reader = await Log.OpenReaderAsync("index", [P0.Topic], null, Token);
        var writing = Enumerable.Range(0, Writers).Select(writer => Task.Run(() => WriteAsync(writer), Token)).ToArray();
        var seen = new Dictionary<string, int>();
        var batch = new LogBatch();
        for (var left = Writers * Appends * 10; left > 0; left -= batch.Count)
        {
            await reader.ReadAsync(batch, 20_000, Timeout.InfiniteTimeSpan, Token);
            foreach (var entry in In(batch))
            {
                var sequence = int.Parse(entry.Value!, System.Globalization.CultureInfo.InvariantCulture);
                Assert.Equal(seen.GetValueOrDefault(entry.Key), sequence);
                seen[entry.Key] = sequence + 1;
            }
        }

        await Task.WhenAll(writing);
        Assert.All(seen.Values, count => Assert.Equal(Appends, count));

        async Task WriteAsync(int writer)
        {
            for (var number = 0; number < Appends; number++)
                await Log.AppendAsync(
                    Batch(Enumerable.Range(0, 10).Select(key => new LogContractEntry(key % 2 == 0 ? P0 : P1, $"{writer}:{key}", $"{number}"))),
                    new($"source {writer}", new($"{number}")), Token);
        }
    }

    private async Task AssertReadsFromTheMiddleAsync(List<LogContractEntry> all)
    {
        var byPlace = all.GroupBy(entry => entry.Place).ToDictionary(group => group.Key, group => group.ToList());
        for (var tenth = 1; tenth < 10; tenth++)
        {
            var start = byPlace.ToDictionary(one => one.Key, one => one.Value[one.Value.Count * tenth / 10].Offset);
            await using var reader = await Log.OpenReaderAsync("middle", [P0.Topic], start, Token);
            var read = await LogContractEntry.ReadAllAsync(reader, await EndsAsync(), Large, Token);
            AssertSame(byPlace.ToDictionary(one => one.Key, one => one.Value[(one.Value.Count * tenth / 10)..]), read);
        }
    }

    private static void AssertSame(Dictionary<TopicPartition, List<LogContractEntry>> model, List<LogContractEntry> read)
    {
        foreach (var (place, entries) in model)
            Assert.Equal(WithoutOffsets(entries), WithoutOffsets(read.Where(entry => entry.Place == place)));
    }
}
