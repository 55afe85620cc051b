using System.Net;
using System.Text;
using Hub.Connectors.Debezium;
using Hub.Core.Ops;
using Hub.Core.Schemas.Registry;
using Hub.Tests.Fixtures.Kafka;
using Xunit;
using static Hub.Tests.Connectors.DebeziumUpstream;

namespace Hub.Tests.Connectors;

/// <summary>What <c>hub doctor</c> says of a source of Debezium topics.</summary>
public sealed class DebeziumDoctorTests
{
    private const string Topic = "fin.public.thing";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Topics_whose_records_read_as_defined_are_well()
    {
        await using var cluster = new LibrdkafkaCluster();
        var finding = Assert.Single(await ExamineAsync(cluster, DebeziumWriting.Json, "format: json"));
        Assert.Equal((Codes.Examined, Severity.Information), (finding.Code, finding.Severity));
    }

    [Fact]
    public async Task A_sample_in_another_form_is_told_with_its_reason()
    {
        await using var cluster = new LibrdkafkaCluster();
        var finding = Assert.Single(await ExamineAsync(cluster, DebeziumWriting.JsonSchemaless, "format: json"));
        Assert.Equal((Codes.RecordForm, Severity.Error), (finding.Code, finding.Severity));
        Assert.Contains("embeds no schemas", finding.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_column_that_the_sample_lacks_is_told()
    {
        await using var cluster = new LibrdkafkaCluster();
        cluster.CreateTopic(Topic, 1);
        var upstream = new DebeziumUpstream("postgresql", "public.thing", DebeziumWriting.JsonSchemaless, [("id", new("string") { Optional = false }), ("nama", new("string"))]);
        using (var topics = new DebeziumTopicKit(cluster.Bootstrap))
            await topics.WriteAsync(Topic, 0, upstream.Change("c", null, Row(("id", "1"), ("nama", "a")), At(1)));
        var finding = Assert.Single(await AskAsync(cluster.Bootstrap, "format: json-schemaless"), finding => finding.Severity != Severity.Information);
        Assert.Equal(Codes.ColumnMissing, finding.Code);
        Assert.Contains("Did you mean 'nama'?", finding.Suggestion, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Topics_that_are_not_there_are_named()
    {
        await using var broker = new TransactionalBroker();
        var findings = await AskAsync(broker.Bootstrap, "format: json");
        Assert.All(findings, finding => Assert.Equal(Codes.SourceTopicMissing, finding.Code));
        Assert.Contains(findings, finding => finding.Message.Contains(Topic, StringComparison.Ordinal) && finding.Severity == Severity.Error);
    }

    [Fact]
    public async Task A_broker_that_does_not_answer_is_told()
        => Assert.Equal(Codes.CannotConnect, Assert.Single(await AskAsync("127.0.0.1:1", "format: json")).Code);

    /// <summary>A registry over HTTP, as Confluent's REST API says: GET /schemas/ids/{id}.</summary>
    [Fact]
    public async Task Schemas_are_fetched_from_the_registry_once_and_its_silence_is_told()
    {
        await using var cluster = new LibrdkafkaCluster();
        cluster.CreateTopic(Topic, 1);
        var upstream = DebeziumChangeTests.Thing("postgresql", DebeziumWriting.Avro);
        using (var topics = new DebeziumTopicKit(cluster.Bootstrap))
            await topics.WriteAsync(Topic, 0, upstream.Change("c", null, DebeziumChangeTests.Thing("1", "a"), At(1)));
        await using var run = new DebeziumRun(cluster.Bootstrap, "format: avro\nregistry: http://registry.test:8081/\nregistryUser: hub\nregistryPassword: secret");
        var answer = new Answer(upstream.Schemas);
        using var http = new HttpClient(answer);
        var registry = new DebeziumSchemas(run.Options, new RegistryClient(http, DebeziumSchemas.RegistryOf(run.Options)));
        var findings = await DebeziumDoctor.ExamineAsync(run.Options with { Timeout = TimeSpan.FromSeconds(5) }, Cancel, registry.ReadAsync);
        Assert.Equal(Codes.Examined, Assert.Single(findings).Code);
        Assert.Equal(["/schemas/ids/100", "/schemas/ids/101"], answer.Asked.Order());
        Assert.Equal("aHViOnNlY3JldA==", answer.Login);

        var unknown = await Assert.ThrowsAsync<HubException>(async () => await registry.ReadAsync(7, Cancel));
        Assert.Equal((Codes.SchemaUnknown, false), (unknown.Findings[0].Code, unknown.IsTransient));
        answer.Failure = HttpStatusCode.ServiceUnavailable;
        var silent = await Assert.ThrowsAsync<HubException>(async () => await registry.ReadAsync(7, Cancel));
        Assert.Equal((Codes.RegistryUnreachable, true), (silent.Findings[0].Code, silent.IsTransient));
    }

    private static async Task<IReadOnlyList<Finding>> ExamineAsync(LibrdkafkaCluster cluster, DebeziumWriting writing, string settings)
    {
        cluster.CreateTopic(Topic, 1);
        var upstream = DebeziumChangeTests.Thing("postgresql", writing);
        using var topics = new DebeziumTopicKit(cluster.Bootstrap);
        await topics.WriteAsync(Topic, 0, upstream.Change("c", null, DebeziumChangeTests.Thing("1", "a"), At(1)));
        return await AskAsync(cluster.Bootstrap, settings);
    }

    private static async Task<IReadOnlyList<Finding>> AskAsync(string bootstrap, string settings)
    {
        await using var run = new DebeziumRun(bootstrap, settings);
        return await DebeziumDoctor.ExamineAsync(run.Options with { Timeout = TimeSpan.FromSeconds(5) }, Cancel);
    }

    private sealed class Answer(Dictionary<int, string> schemas) : HttpMessageHandler
    {
        public List<string> Asked { get; } = [];

        public string? Login { get; private set; }

        public HttpStatusCode? Failure { get; set; }

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var path = request.RequestUri!.AbsolutePath;
            Asked.Add(path);
            Login = request.Headers.Authorization?.Parameter;
            if (Failure is { } status)
                return Task.FromResult(new HttpResponseMessage(status));
            return Task.FromResult(schemas.TryGetValue(int.Parse(path.Split('/')[^1], System.Globalization.CultureInfo.InvariantCulture), out var schema)
                ? new HttpResponseMessage(HttpStatusCode.OK) { Content = new StringContent(System.Text.Json.JsonSerializer.Serialize(new { schema }), Encoding.UTF8, "application/json") }
                : new HttpResponseMessage(HttpStatusCode.NotFound) { Content = new StringContent("""{"error_code":40403,"message":"Schema not found"}""", Encoding.UTF8, "application/json") });
        }
    }
}
