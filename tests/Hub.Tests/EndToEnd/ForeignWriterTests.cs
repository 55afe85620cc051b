using Hub.Core.Log;
using Hub.Core.Schemas;
using Hub.Tests.Fixtures;
using Xunit;

namespace Hub.Tests.EndToEnd;

/// <summary>A producer that registers a schema of its own at Hub and writes with it.</summary>
public sealed class ForeignWriterTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_a_producer_writes_with_the_schema_that_it_registered_at_Hub_is_found()
    {
        using var folder = new ScratchFolder();
        // The source itself is nowhere; its topic is read all the same.
        Things.Define(folder.At("connectors"), Things.LoadCatalog(folder.Path));
        await using var hub = await RunningHub.StartAsync(folder.At("data"), folder.At("schemas"), folder.At("connectors"), Cancel);
        var id = await RegisterAsync(hub, RegistryCaller.Avro("""{"name":"weight","type":"double"},{"name":"id","type":"string"},{"name":"name","type":"string"}""", "Thing"));

        await hub.Log.EnsureTopicAsync(Things.Subject, 4, Cancel);
        await hub.Log.AppendAsync(Write(id), null, Cancel);
        await Wait.UntilAsync("it is found", async () => (await hub.Index.SearchAsync(new() { Text = "外来" }, Cancel)).Total == 1, () => "nothing", Cancel);
        var record = await hub.GetAsync($"/api/v1/records/{Things.Subject}/things:a", Cancel);
        Assert.Contains("外来的东西", record.ToString());
    }

    private static LogBatch Write(int id)
    {
        var (batch, writer) = (new LogBatch(), new AvroWriter());
        writer.BeginRecord(id);
        writer.WriteEncoded(BitConverter.GetBytes(1.5));
        writer.WriteBytes("a"u8);
        writer.WriteBytes("外来的东西"u8);
        Things.Add(batch, new(Things.Subject, 0), "a", writer.Written.ToArray());
        return batch;
    }

    private static async Task<int> RegisterAsync(RunningHub hub, string schema)
    {
        var caller = new RegistryCaller(new(hub.Http.BaseAddress!, "registry"));
        RegistryReply? reply = null;
        await Wait.UntilAsync(
            "the registry takes it", async () => (reply = await caller.SendAsync(HttpMethod.Post, $"subjects/{Things.Subject}-producer/versions", RegistryCaller.Body(schema))).Status == 200,
            () => $"{reply}", Cancel);
        return reply!.Json.GetProperty("id").GetInt32();
    }
}
