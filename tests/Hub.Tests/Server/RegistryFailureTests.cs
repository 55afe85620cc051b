using Hub.Core.Index;
using Hub.Core.Log;
using Hub.Core.Schemas;
using Hub.Core.Sources;
using Hub.Log.Sqlite;
using Hub.Server;
using Hub.Server.Registry;
using Hub.Tests.Fixtures;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Hub.Tests.Server;

/// <summary>Hub's own registry over a log that fails, and a Hub whose registry is another one.</summary>
public sealed class RegistryFailureTests : IAsyncLifetime
{
    private const string Versions = "subjects/s-value/versions";

    private static readonly object Schema = RegistryCaller.Body("\"string\"");

    private readonly ScratchFolder folder = new();
    private readonly FakeTimeProvider clock = new();
    private SchemaCatalog catalog = null!;
    private SqliteLog log = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync()
    {
        catalog = Things.LoadCatalog(folder.Path);
        log = new(new() { Path = folder.At("log.db") });
        return default;
    }

    public async ValueTask DisposeAsync()
    {
        await log.DisposeAsync();
        folder.Dispose();
    }

    [Fact]
    public async Task A_change_that_the_log_refuses_is_not_made_and_the_next_one_is()
    {
        var failing = new FailingLog(log);
        await using var registry = await RegistryServer.StartAsync(failing, catalog);
        await registry.WaitUntilPrimaryAsync();
        failing.Appends = false;
        var reply = await registry.SendAsync(HttpMethod.Post, Versions, Schema);
        Assert.Equal((500, 50001), (reply.Status, reply.ErrorCode));
        Assert.DoesNotContain("disk", reply.Body);
        Assert.Equal(40401, (await registry.GetAsync(Versions)).ErrorCode);
        failing.Appends = true;
        Assert.Equal("""{"id":100001}""", (await registry.SendAsync(HttpMethod.Post, Versions, Schema)).Body);
    }

    [Fact]
    public async Task A_change_whose_fate_the_log_does_not_tell_in_time_is_a_500_with_its_own_number()
    {
        var failing = new FailingLog(log);
        await using var registry = await RegistryServer.StartAsync(failing, catalog, time: clock);
        await registry.WaitUntilPrimaryAsync();
        failing.Ahead = 1;
        var asking = registry.SendAsync(HttpMethod.Post, Versions, Schema);
        await Wait.UntilAsync("it gives up", () =>
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            return asking.IsCompleted;
        }, () => "it waits", Cancel);
        Assert.Equal((500, 50002), ((await asking).Status, (await asking).ErrorCode));
    }

    [Fact]
    public async Task Where_there_is_a_registry_outside_Hub_serves_none()
    {
        await using var app = Composition.Build(
            new() { Address = new("http://127.0.0.1:0"), Registry = new() { Url = "http://registry:8081" } },
            services => services.AddSingleton<ILog>(log).AddSingleton<IIndex>(new FakeIndex(catalog)).AddSingleton(catalog));
        await app.StartAsync(Cancel);
        using var http = new HttpClient();
        Assert.Equal(404, (int)(await http.GetAsync($"{app.Urls.First()}/registry/subjects", Cancel)).StatusCode);
        await app.StopAsync(Cancel);
    }

    [Fact]
    public async Task A_whole_Hub_serves_its_registry_and_keeps_it()
    {
        Directory.CreateDirectory(folder.At("connectors"));
        await using var hub = await RunningHub.StartAsync(folder.At("data"), folder.At("schemas"), folder.At("connectors"), Cancel);
        Assert.Equal("""{"id":100001}""", await RegisterAsync(hub));
        await hub.StopAsync(Cancel);
        await hub.StartAsync(Cancel);
        Assert.Equal("""{"id":100001}""", await RegisterAsync(hub));
    }

    [Theory]
    [InlineData(0, 100_000, null)]
    [InlineData(12, 100_007, "12-100007")]
    public void The_place_that_the_registry_has_counted_to_never_changes_its_form(long sequence, int lastId, string? text)
    {
        var position = RegistryPosition.Of(text is null ? null : new SourcePosition(text));
        Assert.Equal((sequence, lastId), (position.Sequence, position.LastId));
        Assert.Equal(text ?? "0-100000", position.ToSourcePosition().Text);
        Assert.Equal(("hub.schema", "hub-registry"), (SchemaRegistry.Topic, SchemaRegistry.Source));
    }

    private static async Task<string> RegisterAsync(RunningHub hub)
    {
        var caller = new RegistryCaller(new(hub.Http.BaseAddress!, "registry"));
        RegistryReply? reply = null;
        await Wait.UntilAsync("the registry takes it", async () => (reply = await caller.SendAsync(HttpMethod.Post, Versions, Schema)).Status != 503, () => $"{reply}", Cancel);
        return reply!.Body;
    }

    [Fact]
    public async Task A_log_that_fails_while_Hub_stops_is_not_told_as_a_failure_of_the_host()
    {
        var closing = new ClosingLog(log);
        using var follower = new RegistryFollower(new SchemaRegistry(closing, catalog, clock), closing, clock, NullLogger<RegistryFollower>.Instance);
        await follower.StartAsync(Cancel);
        await closing.Asked.Task.WaitAsync(Cancel);
        await follower.StopAsync(Cancel);
        Assert.True(follower.ExecuteTask!.IsCompletedSuccessfully, $"{follower.ExecuteTask.Exception}");
    }

    /// <summary>Tells whoever waits that it is closed, not that the wait was cancelled.</summary>
    private sealed class ClosingLog(ILog inner) : ForwardingLog(inner)
    {
        public TaskCompletionSource Asked { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override async ValueTask<int> EnsureTopicAsync(string topic, int partitions, CancellationToken cancellationToken)
        {
            Asked.SetResult();
            var stopped = new TaskCompletionSource();
            await using var registration = cancellationToken.Register(stopped.SetResult);
            await stopped.Task;
            throw new ObjectDisposedException("log");
        }
    }

    private sealed class FailingLog(ILog inner) : ForwardingLog(inner)
    {
        public bool Appends { get; set; } = true;

        public long Ahead { get; set; }

        public override ValueTask<IReadOnlyDictionary<TopicPartition, long>> AppendAsync(LogBatch entries, Checkpoint? checkpoint, CancellationToken cancellationToken)
            => Appends ? base.AppendAsync(entries, checkpoint, cancellationToken) : throw new IOException("The disk is full.");

        public override async ValueTask<IReadOnlyDictionary<TopicPartition, long>> ReadEndsAsync(IReadOnlyCollection<string> topics, CancellationToken cancellationToken)
            => (await base.ReadEndsAsync(topics, cancellationToken)).ToDictionary(end => end.Key, end => end.Value + Ahead);
    }
}
