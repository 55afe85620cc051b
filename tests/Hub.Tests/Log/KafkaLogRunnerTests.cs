using Hub.Core.DeadLetters;
using Hub.Core.Log;
using Hub.Core.Ops;
using Hub.Core.Records;
using Hub.Core.Sinks;
using Hub.Core.Schemas;
using Hub.Core.Sources;
using Hub.Tests.Core;
using Hub.Tests.Fixtures.Kafka;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Hub.Tests.Log;

/// <summary>Two Hubs with the same source on one log: one reads it, the other stands by and takes over.</summary>
public sealed class KafkaLogRunnerTests : KafkaLogParts
{
    private readonly ScratchFolder folder = new();
    private readonly RelationShape shape = Things.Shape();
    private SchemaCatalog catalog = null!;
    private volatile string cut = "nobody";
    private volatile int available;

    public override async ValueTask InitializeAsync()
    {
        catalog = Things.LoadCatalog(folder.At("schemas"));
        Broker.Rule = call => call.Client == cut ? new BrokerFault.CloseBefore() : null;
        await base.InitializeAsync();
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        folder.Dispose();
    }

    [Fact]
    public async Task When_the_reading_Hub_stops_the_other_goes_on_where_it_was()
    {
        available = 5;
        var first = new Runner(this, "first");
        await first.IsAtAsync("at 5");
        await using var second = new Runner(this, "second");
        await second.IsAsync(SourceState.Standby);
        await second.IsAtAsync("at 5");
        Assert.Equal(0, second.Script.AttemptCount);

        available = 10;
        await first.DisposeAsync();
        await second.IsAtAsync("at 10");
        Assert.Equal("at 5", second.Script.Attempts[0].Position);
        await HoldsAsync(10);
    }

    [Fact]
    public async Task When_the_reading_Hub_is_cut_off_the_other_takes_over_and_it_stands_by_once_it_is_back()
    {
        available = 5;
        await using var first = new Runner(this, "first");
        await first.IsAtAsync("at 5");
        await using var second = new Runner(this, "second");
        await second.IsAsync(SourceState.Standby);

        cut = "first";
        available = 10;
        await second.IsAtAsync("at 10");
        Assert.Equal("at 5", second.Script.Attempts[0].Position);
        cut = "nobody";
        await first.IsAsync(SourceState.Standby);
        await first.IsAtAsync("at 10");
        Assert.Equal(1, first.Script.AttemptCount);

        available = 15;
        await second.DisposeAsync();
        await first.IsAtAsync("at 15");
        await HoldsAsync(15);
    }

    private async Task HoldsAsync(int count)
    {
        var log = Open("looking");
        var places = await log.ReadEndsAsync([Things.Subject], Token);
        await using var reader = await log.OpenReaderAsync("looking", [Things.Subject], places.Keys.ToDictionary(place => place, _ => 0L), Token);
        var entries = await Contracts.LogContractEntry.ReadAllAsync(reader, places, 1024 * 1024, Token);
        Assert.Equal(Enumerable.Range(1, count).Select(number => (long)number), entries.Select(entry => entry.Version).Order());
    }

    /// <summary>A process of its own with the source, which has records 1 to <see cref="available"/> when it is asked.</summary>
    private sealed class Runner : IAsyncDisposable
    {
        private readonly CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        private readonly SourceRunner runner;
        private readonly Task running;
        private bool isStopped;

        public Runner(KafkaLogRunnerTests test, string client)
        {
            var log = test.Open(client, options => options with { SessionTimeout = TimeSpan.FromSeconds(1), Timeout = TimeSpan.FromSeconds(2) });
            Script = new(Things.Source, TimeProvider.System) { Streams = true };
            Script.Readings.Add(batch => test.Read(batch, Script.Attempts[^1].Position));
            var (letters, freshness) = (new DeadLetterBook(test.catalog, TimeProvider.System), new Freshness());
            var options = new SourceRunnerOptions { Partitions = 2, RestartDelay = Pause, MaxRestartDelay = Pause, StandbyDelay = Pause, StandbyInterval = Pause };
            runner = new(
                Script, new(Things.Define(test.folder.At("schemas"), test.catalog), test.catalog, log, letters, freshness), log, letters, freshness, options, TimeProvider.System,
                NullLogger<SourceRunner>.Instance);
            running = runner.RunAsync(stop.Token);
        }

        private static TimeSpan Pause => TimeSpan.FromMilliseconds(50);

        public ScriptedSource Script { get; }

        public Task IsAsync(SourceState state) => Wait.UntilAsync($"it is in {state}", () => runner.Status.State == state, () => $"{runner.Status}", Token);

        public Task IsAtAsync(string position) => Wait.UntilAsync($"it is {position}", () => runner.Status.Position == position, () => $"{runner.Status}", Token);

        public async ValueTask DisposeAsync()
        {
            if (isStopped)
                return;
            isStopped = true;
            await stop.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running.WaitAsync(HangLimit, Token));
            stop.Dispose();
        }
    }

    private IEnumerable<SourceBatch> Read(EnvelopeBatch batch, string? position)
    {
        for (var number = position is null ? 1 : int.Parse(position[3..], System.Globalization.CultureInfo.InvariantCulture) + 1; number <= available; number++)
        {
            Things.Add(batch, shape, $"{number}", "名", number);
            yield return new(batch, new($"at {number}"));
        }
    }
}
