using Hub.Core.Index;
using Hub.Core.Schemas;
using Hub.Index.Elasticsearch;
using Hub.Tests.Fixtures.Engine;
using Xunit;

namespace Hub.Tests.Contracts;

[Trait("needs", "engine")]
public sealed class ElasticsearchIndexContractTests(EngineFixture engine) : IndexContract
{
    private readonly string prefix = EngineFixture.Prefix();
    private string address = "";

    public override async ValueTask InitializeAsync()
    {
        address = await engine.AddressAsync(Token);
        await base.InitializeAsync();
    }

    public override async ValueTask DisposeAsync()
    {
        if (address.Length > 0)
            await base.DisposeAsync();
        await engine.ClearAsync(prefix);
        GC.SuppressFinalize(this);
    }

    protected override IIndex Open(SchemaCatalog catalog) => new ElasticsearchIndex(new() { Url = address, Prefix = prefix }, catalog);

    protected override ValueTask OpenedAsync() => Index.AttachAsync("log", Token);
}
