using System.Text.Json;
using Hub.Core.Index;
using Hub.Core.Log;
using Hub.Core.Ops;
using Hub.Core.Schemas;
using Hub.Server;
using Hub.Server.Hosting;
using Hub.Server.Ops;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Hub.Tests.Server;

/// <summary>A real Kestrel on a free port over a scripted index, with one payment and everything above it.</summary>
public sealed class ServerFixture : IAsyncLifetime
{
    private readonly string folder = TestSchemas.WriteFolder();
    private WebApplication? app;

    internal SchemaCatalog Catalog { get; private set; } = null!;

    internal FakeIndex Index { get; private set; } = null!;

    internal HubState State => app!.Services.GetRequiredService<HubState>();

    internal string SchemasFolder => folder;

    internal Uri Address { get; private set; } = null!;

    internal HttpClient Http { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Catalog = SchemaFolder.Load(folder);
        Index = new FakeIndex(Catalog);
        Fill(Index);
        app = Composition.Build(
            new HubOptions { Address = new("http://127.0.0.1:0") },
            services => services.AddSingleton<ILog>(new FakeLog()).AddSingleton<IIndex>(Index).AddSingleton(Catalog));
        State.Sources = () =>
        [
            new SourceStatus(
                "finance", SourceState.Snapshot, DateTimeOffset.UnixEpoch, "0/1", new DateTimeOffset(2025, 3, 1, 8, 0, 0, TimeSpan.Zero),
                new SnapshotStatus("public.pay_detail", 500, 1000, 250, TimeSpan.FromSeconds(2)), null, null, 500, 2, []),
            new SourceStatus(
                "filing", SourceState.Retrying, DateTimeOffset.UnixEpoch, null, null, null, DateTimeOffset.UnixEpoch.AddSeconds(9),
                new Finding(Codes.CannotConnect, Severity.Error, "filing", "no connection.", "Look at the network."), 0, 0, []),
        ];
        await app.StartAsync(TestContext.Current.CancellationToken);
        Address = new Uri(app.Urls.First());
        Http = new HttpClient { BaseAddress = Address };
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await app!.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    /// <summary>The answer, which must have the status, as JSON.</summary>
    internal async Task<JsonElement> GetAsync(string path, int status = 200)
    {
        using var response = await Http.GetAsync(path, TestContext.Current.CancellationToken);
        var body = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(status == (int)response.StatusCode, $"{path}: {(int)response.StatusCode} {body}");
        Assert.Equal(status < 400 ? "application/json" : "application/problem+json", response.Content.Headers.ContentType?.MediaType);
        return JsonDocument.Parse(body).RootElement;
    }

    private static void Fill(FakeIndex index)
    {
        index.Put("finance.agency", "finance:A1", ("name", "惠山区教育局"));
        index.Put("finance.project", "finance:P1", ("name", "学校食堂改造"), ("agencyId", "A1"));
        // The two indicators name each other: a circle that nothing may follow for ever.
        index.Put("finance.indicator", "finance:I0", ("name", "年初指标"), ("projectId", "P1"), ("agencyId", "A1"), ("originalId", "I1"));
        index.Put("finance.indicator", "finance:I1", ("name", "食堂改造指标"), ("projectId", "P1"), ("agencyId", "A1"), ("originalId", "I0"));
        index.Put("finance.paymentVoucher", "finance:V1", ("name", "凭证一"), ("agencyId", "A9"));
        index.Put("finance.paymentApplication", "finance:B1", ("name", "申请一"), ("indicatorId", "I1"), ("voucherId", "V1"));
        index.Put(
            "finance.paymentDetail", "finance:320206000~2025~一/二", ("mofDivCode", "320206000"), ("fiscalYear", 2025), ("applicationId", "B1"), ("voucherId", "V1"),
            ("fundTypeCode", "11"), ("payAmount", (Int128)(-123450)), ("paidDate", 20148), ("isUrgent", true), ("serial", 9007199254740993), ("summary", "支付工程款 <b>"),
            ("payeeName", "张三丰"), ("payeeAccount", "6228480012345671234"), ("payeeBank", "农业银行"), ("updatedAt", 1740787200123456));
        index.Put("finance.paymentDetail", "finance:D2", ("payAmount", (Int128)5), ("applicationId", "B1"), ("fundTypeCode", "99"), ("payeeAccount", ""));
        index.Put(
            "hub.deadLetter", "finance:finance.agency:1", ("source", "finance"), ("state", "open"), ("detail", "金额无法读取"), ("record", "{\"身份证\":\"320206199001011234\"}"),
            ("recordedAt", 1740787200000000));
    }
}
