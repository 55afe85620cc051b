using Hub.Tests.Fixtures;
using Xunit;

namespace Hub.Tests.Contracts;

/// <summary>What fits behind what, and what becomes of what is deleted.</summary>
public abstract partial class RegistryContract
{
    [Fact]
    public async Task A_schema_that_does_not_fit_is_refused_and_the_answer_says_which_field()
    {
        var caller = await OpenAsync();
        await RegisterAsync(caller, Subject, Plain);
        var refused = await caller.SendAsync(HttpMethod.Post, $"subjects/{Subject}/versions", RegistryCaller.Body(WithoutDefault));
        Assert.Equal(409, refused.Status);
        Assert.Contains(refused.ErrorCode, new[] { 409, 40901 });
        Assert.Contains("field3", refused.Json.GetProperty("message").GetString());
        Assert.Contains(Subject, refused.Json.GetProperty("message").GetString());
        Assert.Equal("[1]", (await caller.GetAsync($"subjects/{Subject}/versions")).Body);
    }

    [Fact]
    public async Task Compatibility_is_tested_without_registering()
    {
        var caller = await OpenAsync();
        await RegisterAsync(caller, Subject, Plain);
        var fits = await caller.SendAsync(HttpMethod.Post, $"compatibility/subjects/{Subject}/versions/latest", RegistryCaller.Body(WithDefault));
        Assert.Equal("""{"is_compatible":true}""", fits.Body);
        var verbose = (await caller.SendAsync(HttpMethod.Post, $"compatibility/subjects/{Subject}/versions/1?verbose=true", RegistryCaller.Body(WithoutDefault))).Json;
        Assert.False(verbose.GetProperty("is_compatible").GetBoolean());
        Assert.Contains("READER_FIELD_MISSING_DEFAULT_VALUE", verbose.GetProperty("messages")[0].GetString());
        Assert.Contains("field3", verbose.GetProperty("messages")[0].GetString());
        Assert.Equal("""{"is_compatible":false}""", (await caller.SendAsync(HttpMethod.Post, $"compatibility/subjects/{Subject}/versions", RegistryCaller.Body(WithoutDefault))).Body);
        Assert.Equal("""{"is_compatible":true}""", (await caller.SendAsync(HttpMethod.Post, $"compatibility/subjects/no-{Subject}/versions/latest", RegistryCaller.Body(Plain))).Body);
    }

    [Theory]
    [InlineData("FORWARD", false, true)]
    [InlineData("BACKWARD", true, false)]
    [InlineData("FULL", false, false)]
    [InlineData("NONE", true, true)]
    public async Task The_level_of_a_subject_decides_what_fits(string level, bool takesFewer, bool takesMore)
    {
        var caller = await OpenAsync();
        await RegisterAsync(caller, Subject, WithoutDefault);
        Assert.Equal($$"""{"compatibility":"{{level}}"}""", (await caller.SendAsync(HttpMethod.Put, $"config/{Subject}", new { compatibility = level })).Body);
        Assert.Equal($$"""{"compatibilityLevel":"{{level}}"}""", (await caller.GetAsync($"config/{Subject}")).Body);
        Assert.Equal(takesFewer, await FitsAsync(Plain));
        Assert.Equal(takesMore, await FitsAsync(RegistryCaller.Avro("""{"name":"field1","type":"string"},{"name":"field3","type":"int"},{"name":"field4","type":"long"}""")));
        Assert.Equal($$"""{"compatibilityLevel":"{{level}}"}""", (await caller.SendAsync(HttpMethod.Delete, $"config/{Subject}")).Body);
        Assert.Equal(40408, (await caller.GetAsync($"config/{Subject}")).ErrorCode);
        Assert.Equal((await caller.GetAsync("config")).Body, (await caller.GetAsync($"config/{Subject}?defaultToGlobal=true")).Body);

        async Task<bool> FitsAsync(string schema)
            => (await caller.SendAsync(HttpMethod.Post, $"compatibility/subjects/{Subject}/versions", RegistryCaller.Body(schema))).Json.GetProperty("is_compatible").GetBoolean();
    }

    [Fact]
    public async Task A_transitive_level_looks_at_every_version_and_a_plain_one_at_the_last()
    {
        var caller = await OpenAsync();
        await RegisterAsync(caller, Subject, Plain);
        await RegisterAsync(caller, Subject, WithDefault);
        // Reads the second, which always has field2, but not the first.
        var third = RegistryCaller.Body(RegistryCaller.Avro("""{"name":"field1","type":"string"},{"name":"field2","type":"int"}"""));
        await caller.SendAsync(HttpMethod.Put, $"config/{Subject}", new { compatibility = "BACKWARD_TRANSITIVE" });
        Assert.Equal("""{"is_compatible":false}""", (await caller.SendAsync(HttpMethod.Post, $"compatibility/subjects/{Subject}/versions", third)).Body);
        Assert.Equal(409, (await caller.SendAsync(HttpMethod.Post, $"subjects/{Subject}/versions", third)).Status);
        await caller.SendAsync(HttpMethod.Put, $"config/{Subject}", new { compatibility = "BACKWARD" });
        Assert.Equal("""{"is_compatible":true}""", (await caller.SendAsync(HttpMethod.Post, $"compatibility/subjects/{Subject}/versions", third)).Body);
        Assert.Equal(200, (await caller.SendAsync(HttpMethod.Post, $"subjects/{Subject}/versions", third)).Status);
    }

    [Fact]
    public async Task What_is_deleted_is_out_of_sight_but_found_by_id_until_it_is_deleted_for_good()
    {
        var caller = await OpenAsync();
        var first = RegistryCaller.Avro("""{"name":"field1","type":"string"}""", $"Row{Guid.NewGuid():N}");
        var id = await RegisterAsync(caller, Subject, first);
        await RegisterAsync(caller, Subject, first.Replace("\"string\"", "[\"string\",\"null\"]", StringComparison.Ordinal));
        Assert.Equal("1", (await caller.SendAsync(HttpMethod.Delete, $"subjects/{Subject}/versions/1")).Body);
        Assert.Equal(40406, (await caller.SendAsync(HttpMethod.Delete, $"subjects/{Subject}/versions/1")).ErrorCode);
        Assert.Equal(40402, (await caller.GetAsync($"subjects/{Subject}/versions/1")).ErrorCode);
        Assert.Equal("[2]", (await caller.GetAsync($"subjects/{Subject}/versions")).Body);
        Assert.Equal("[1,2]", (await caller.GetAsync($"subjects/{Subject}/versions?deleted=true")).Body);
        Assert.Equal(200, (await caller.GetAsync($"schemas/ids/{id}")).Status);

        Assert.Equal("[2]", (await caller.SendAsync(HttpMethod.Delete, $"subjects/{Subject}")).Body);
        Assert.Equal(40404, (await caller.SendAsync(HttpMethod.Delete, $"subjects/{Subject}")).ErrorCode);
        Assert.Equal(40401, (await caller.GetAsync($"subjects/{Subject}/versions")).ErrorCode);
        Assert.DoesNotContain(Subject, (await caller.GetAsync("subjects")).Body);
        Assert.Contains(Subject, (await caller.GetAsync("subjects?deleted=true")).Body);

        Assert.Equal("[1,2]", (await caller.SendAsync(HttpMethod.Delete, $"subjects/{Subject}?permanent=true")).Body);
        Assert.DoesNotContain(Subject, (await caller.GetAsync("subjects?deleted=true")).Body);
        Assert.Equal(40403, (await caller.GetAsync($"schemas/ids/{id}")).ErrorCode);
    }

    [Fact]
    public async Task A_deleted_schema_that_is_registered_again_is_a_new_version_with_the_old_id()
    {
        var caller = await OpenAsync();
        var id = await RegisterAsync(caller, Subject, Plain);
        await caller.SendAsync(HttpMethod.Delete, $"subjects/{Subject}/versions/1");
        Assert.Equal(id, await RegisterAsync(caller, Subject, Plain));
        Assert.Equal("[2]", (await caller.GetAsync($"subjects/{Subject}/versions")).Body);
    }
}
