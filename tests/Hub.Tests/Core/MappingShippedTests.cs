using Hub.Core.Mapping;
using Hub.Core.Schemas;
using Xunit;

namespace Hub.Tests.Core;

public sealed class MappingShippedTests
{
    [Fact]
    public void The_shipped_definitions_suit_the_shipped_schemas()
    {
        Environment.SetEnvironmentVariable("HUB_FINANCE_CONNECTION", Environment.GetEnvironmentVariable("HUB_FINANCE_CONNECTION") ?? "Host=nowhere");
        var catalog = SchemaFolder.Load(Repository.At("schemas"));
        var sources = SourceDefinitionReader.LoadFolder(Repository.At("connectors"), catalog);
        Assert.Contains(sources, source => source.Name == "finance" && source.Tables.Length > 5);
    }
}
