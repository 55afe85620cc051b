using System.Net;
using System.Text.Json;
using Xunit;

namespace Hub.Tests.Server;

public sealed class DocumentationTests(ServerFixture server) : IClassFixture<ServerFixture>
{
    [Fact]
    public async Task The_OpenAPI_document_describes_every_route_and_parameter()
    {
        var api = await server.GetAsync("/openapi/v1.json");
        Assert.StartsWith("3.1", api.GetProperty("openapi").GetString());
        var paths = api.GetProperty("paths").EnumerateObject().Select(path => path.Name).ToArray();
        Assert.Equal(
            [
                "/api/v1/catalog", "/api/v1/catalog/codes/{list}", "/api/v1/dead-letters", "/api/v1/receipt", "/api/v1/records/{subject}/{id}", "/api/v1/schemas/{id}",
                "/api/v1/search", "/api/v1/status", "/health/live", "/health/ready",
            ],
            paths.Order(StringComparer.Ordinal));
        foreach (var operation in api.GetProperty("paths").EnumerateObject().SelectMany(path => path.Value.EnumerateObject()).Select(method => method.Value))
        {
            Assert.NotEmpty(operation.GetProperty("summary").GetString()!);
            if (operation.TryGetProperty("parameters", out var parameters))
                foreach (var parameter in parameters.EnumerateArray().Where(parameter => parameter.GetProperty("name").GetString() != "list"))
                    Assert.True(parameter.TryGetProperty("description", out _), parameter.GetRawText());
        }

        Assert.Equal(13, api.GetProperty("paths").GetProperty("/api/v1/search").GetProperty("get").GetProperty("parameters").GetArrayLength());
    }

    [Fact]
    public async Task The_OpenAPI_document_says_how_records_are_written()
    {
        var api = await server.GetAsync("/openapi/v1.json");
        var record = api.GetProperty("components").GetProperty("schemas").GetProperty("RecordView");
        Assert.Equal("object", record.GetProperty("type").GetString());
        Assert.Contains("Decimals are strings", record.GetProperty("description").GetString());
        var seen = JsonDocument.Parse(api.GetRawText()).RootElement.GetRawText();
        foreach (var part in seen.Split("\"$ref\": \"#/components/schemas/").Skip(1).Select(rest => rest[..rest.IndexOf('"')]))
            Assert.True(api.GetProperty("components").GetProperty("schemas").TryGetProperty(part, out _), part);
    }

    [Theory]
    [InlineData("/", "text/html")]
    [InlineData("/docs", "text/html")]
    [InlineData("/app.js", "text/javascript")]
    [InlineData("/docs.js", "text/javascript")]
    [InlineData("/hub.css", "text/css")]
    public async Task The_pages_come_from_Hub_itself_and_load_nothing_from_elsewhere(string path, string contentType)
    {
        using var response = await server.Http.GetAsync(path, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(contentType, response.Content.Headers.ContentType?.MediaType);
        Assert.StartsWith("default-src 'self'", Assert.Single(response.Headers.GetValues("Content-Security-Policy")));
        Assert.DoesNotContain("http", (await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).Replace("http-equiv", "", StringComparison.Ordinal));
    }
}
