using Hub.Tests.Fixtures;
using Xunit;

namespace Hub.Tests.Contracts;

/// <summary>Lists, contexts, and what is refused because it could never be read.</summary>
public abstract partial class RegistryContract
{
    [Fact]
    public async Task The_default_context_may_be_named_and_any_context_asked_for()
    {
        var caller = await OpenAsync();
        var id = await RegisterAsync(caller, $":.:{Subject}", Plain);
        Assert.Equal(id, (await caller.GetAsync($"subjects/{Subject}/versions/latest")).Json.GetProperty("id").GetInt32());
        Assert.Equal($"[\"{Subject}\"]", (await caller.GetAsync($"subjects?subjectPrefix={Subject}")).Body);
        Assert.Contains($"\"{Subject}\"", (await caller.GetAsync("subjects?subjectPrefix=:*:")).Body);
        Assert.Contains(".", (await caller.GetAsync("contexts")).Json.EnumerateArray().Select(name => name.GetString()));
    }

    [Fact]
    public async Task All_schemas_are_listed_with_their_subjects_and_versions()
    {
        var caller = await OpenAsync();
        await RegisterAsync(caller, Subject, Plain);
        await RegisterAsync(caller, Subject, WithDefault);
        await RegisterAsync(caller, $"{Subject}-gone", Plain);
        await caller.SendAsync(HttpMethod.Delete, $"subjects/{Subject}-gone");
        Assert.Equal([$"{Subject} 1", $"{Subject} 2"], await ListAsync(""));
        Assert.Equal([$"{Subject} 1", $"{Subject} 2", $"{Subject}-gone 1"], await ListAsync("&deleted=true"));
        Assert.Equal([$"{Subject} 2"], await ListAsync("&latestOnly=true"));
        Assert.Equal([$"{Subject} 2"], await ListAsync("&offset=1&limit=1"));
        Assert.Empty(await ListAsync("&offset=2&limit=1"));

        async Task<string[]> ListAsync(string more)
            => [.. (await caller.GetAsync($"schemas?subjectPrefix={Subject}{more}")).Json.EnumerateArray().Select(one => $"{one.GetProperty("subject").GetString()} {one.GetProperty("version").GetInt32()}")];
    }

    [Theory]
    [InlineData("\"int\"", "\"x\"")]
    [InlineData("\"int\"", "3000000000")]
    [InlineData("\"string\"", "null")]
    [InlineData("""{"type":"array","items":"int"}""", "[\"x\"]")]
    [InlineData("""{"type":"record","name":"Inner","fields":[{"name":"a","type":"int"}]}""", "{}")]
    public async Task A_default_that_is_no_value_of_its_type_is_refused(string type, string value)
    {
        var caller = await OpenAsync();
        await RegisterAsync(caller, Subject, Plain);
        var schema = RegistryCaller.Body(RegistryCaller.Avro($$"""{"name":"field1","type":"string"},{"name":"f","type":{{type}},"default":{{value}}}"""));
        Assert.Equal(42201, (await caller.SendAsync(HttpMethod.Post, $"subjects/{Subject}/versions", schema)).ErrorCode);
        Assert.Equal(42201, (await caller.SendAsync(HttpMethod.Post, $"compatibility/subjects/{Subject}/versions/latest", schema)).ErrorCode);
    }

    [Theory]
    [InlineData("""["null","int"]""", "null")]
    [InlineData("""["int","null"]""", "5")]
    [InlineData("\"double\"", "1")]
    [InlineData("""{"type":"bytes","logicalType":"decimal","precision":4,"scale":2}""", "\"\\u0000\"")]
    [InlineData("""{"type":"map","values":"string"}""", "{}")]
    [InlineData("""{"type":"record","name":"Inner","fields":[{"name":"a","type":"int","default":1}]}""", "{}")]
    public async Task A_default_that_is_a_value_of_its_type_is_taken(string type, string value)
        => await RegisterAsync(await OpenAsync(), Subject, RegistryCaller.Avro($$"""{"name":"f","type":{{type}},"default":{{value}}}"""));
}
