using Hub.Connectors.Debezium;
using Hub.Core.Mapping;
using Hub.Core.Ops;
using Hub.Tests.Fixtures;
using Xunit;

namespace Hub.Tests.Connectors;

/// <summary>What a definition of the kind <c>debezium</c> may say.</summary>
public sealed class DebeziumDefinitionTests
{
    private const string Good = """
        source: things
        kind: debezium
        bootstrap: kafka:9092
        topicPrefix: fin
        format: avro
        registry: http://registry:8081
        envelope: flattened
        connector: mysql
        heartbeatTopic: __debezium-heartbeat.fin
        transactionTopic: fin.transaction
        kafka.security.protocol: SASL_SSL
        kafka.sasl.username: hub
        tables:
          - table: fin.thing
            subject: test.thing
            key: [id]
            types: { name: io.debezium.time.MicroTimestamp }
            fields:
              id: id
              name: name

        """;

    [Fact]
    public void A_definition_is_read_as_it_is_written()
    {
        var options = Load(Good);
        Assert.Equal(("kafka:9092", DebeziumForm.Avro, true, "mysql", false), (options.Bootstrap, options.Form, options.IsFlattened, options.Connector, options.TakesAvailable));
        Assert.Equal(["__debezium-heartbeat.fin", "fin.transaction"], options.SignalTopics);
        Assert.Equal("SASL_SSL", options.Client["security.protocol"]);
        Assert.Equal("hub", options.Client["sasl.username"]);
        Assert.Equal("__debezium_unavailable_value", options.UnavailableValue);
        Assert.Equal("fin.fin.thing", options.TopicOf(options.Tables[0]));
        Assert.Equal("2025-01-01", Hints("io.debezium.time.Date"));
    }

    [Theory]
    [InlineData("topicPrefix: fin\n", "topicPrefix: fin\ndatabase: ledger\n", "fin.ledger.thing")]
    [InlineData("    subject: test.thing\n", "    subject: test.thing\n    topic: other-things\n", "other-things")]
    // As the connector does with what the name of a topic may not hold (connectors/oracle.html#oracle-topic-names).
    [InlineData("table: fin.thing", "table: fin.T$支付", "fin.fin.T___")]
    public void A_topic_is_named_by_the_database_or_by_the_table(string old, string now, string topic)
    {
        var options = Load(Good.Replace(old, now, StringComparison.Ordinal));
        Assert.Equal(topic, options.TopicOf(options.Tables[0]));
    }

    [Theory]
    [InlineData("format: avro", "format: avri", Codes.ValueInvalid, "Did you mean 'avro'?")]
    [InlineData("envelope: flattened", "envelope: flat", Codes.ValueInvalid, "The choices are: flattened, full.")]
    [InlineData("connector: mysql", "connector: mysq", Codes.ValueInvalid, "Did you mean 'mysql'?")]
    [InlineData("registry: http://registry:8081", "registry: registry", Codes.ValueInvalid, "http://host:8081")]
    [InlineData("registry: http://registry:8081\n", "", Codes.MissingSetting, "registry: http://host:8081")]
    [InlineData("topicPrefix: fin\n", "", Codes.MissingSetting, "topicPrefix")]
    [InlineData("topicPrefix: fin", "topicPrefx: fin", Codes.UnknownKey, "Did you mean 'topicPrefix'?")]
    [InlineData("kafka.sasl.username: hub", "kafka.isolation.level: read_uncommitted", Codes.ValueInvalid, "Take it out.")]
    [InlineData("io.debezium.time.MicroTimestamp", "io.debezium.time.MicroTimestmp", Codes.ValueInvalid, "Did you mean 'io.debezium.time.MicroTimestamp'?")]
    [InlineData("io.debezium.time.MicroTimestamp", "org.apache.kafka.connect.data.Decimal", Codes.ValueInvalid, "org.apache.kafka.connect.data.Decimal(2)")]
    [InlineData("types: { name: io.debezium.time.MicroTimestamp }", "types: { name: [a] }", Codes.ValueInvalid, "io.debezium.time.MicroTimestamp")]
    public void A_mistake_is_found_with_what_to_do(string old, string now, string code, string advice)
    {
        var failure = Assert.Throws<HubException>(() => Load(Good.Replace(old, now, StringComparison.Ordinal)));
        Assert.Contains(failure.Findings, finding => finding.Code == code && finding.ToString().Contains(advice, StringComparison.Ordinal));
    }

    /// <summary>ByLogicalTableRouter may send records of several tables to one topic (transformations/topic-routing.html).</summary>
    [Fact]
    public void Two_tables_of_one_topic_are_found()
    {
        using var folder = new ScratchFolder();
        Things.LoadCatalog(folder.Path);
        folder.Write("schemas/test/other/1.avsc", """{ "type": "record", "namespace": "test", "name": "Other", "doc": "other", "hub.id": 3, "fields": [ { "name": "id", "type": "string", "hub.search": "keyword" } ] }""");
        var text = Good.Replace("    subject: test.thing\n", "    subject: test.thing\n    topic: all\n", StringComparison.Ordinal) + "  - table: fin.other\n    topic: all\n    subject: test.other\n    key: [id]\n    fields: { id: id }\n";
        var definition = SourceDefinitionReader.Load(folder.Write("things.yaml", text), Hub.Core.Schemas.SchemaFolder.Load(folder.At("schemas")));
        var finding = Assert.Single(Assert.Throws<HubException>(() => DebeziumSourceOptions.From(definition)).Findings);
        Assert.Equal((Codes.ValueInvalid, "the topic all is that of table fin.thing already."), (finding.Code, finding.Message));
    }

    [Fact]
    public void A_table_of_another_kind_has_no_topic()
    {
        using var folder = new ScratchFolder();
        var catalog = Things.LoadCatalog(folder.Path);
        var text = "source: s\nkind: postgres\nconnection: c\npublication: p\nslot: l\ntables:\n  - table: public.thing\n    subject: test.thing\n    key: [id]\n    topic: x\n    fields: { id: id }\n";
        var failure = Assert.Throws<HubException>(() => SourceDefinitionReader.Load(folder.Write("s.yaml", text), catalog));
        Assert.Equal(Codes.UnknownKey, Assert.Single(failure.Findings).Code);
    }

    [Theory]
    [InlineData("""{"topics":{"fin.public.thing":{"id":"AAAAAAAAAAAAAAAAAAAAAQ","partitions":[{"next":12,"floor":5,"highest":9,"newest":7,"firstEnd":20},{}]}}}""", null)]
    [InlineData("""{"topics":{"fin.public.thing":{"id":"AAAAAAAAAAAAAAAAAAAAAQ","partitions":[{"next":12,"floor":5,"highest":9,"newest":7,"firstEnd":20,"deleted":"AQI="}]}}}""", new byte[] { 1, 2 })]
    public void A_position_is_written_as_ever(string text, byte[]? deleted)
    {
        var position = DebeziumPosition.Parse(new(text));
        var place = position.Topics["fin.public.thing"].Partitions[0];
        Assert.Equal(new PartitionPlace(12, 5, 9, 7, 20), place with { Deleted = null });
        Assert.Equal(deleted, place.Deleted);
        Assert.Equal(text, position.ToSourcePosition().Text);
        Assert.Throws<FormatException>(() => DebeziumPosition.Parse(new("24023128")));
    }

    private static string Hints(string type)
    {
        var text = new ValueText();
        Assert.Null(text.Whole(20089, ColumnType.Parse(type, out _)!.Value));
        return System.Text.Encoding.UTF8.GetString(text.Written);
    }

    private static DebeziumSourceOptions Load(string yaml)
    {
        using var folder = new ScratchFolder();
        var catalog = Things.LoadCatalog(folder.Path);
        return DebeziumSourceOptions.From(SourceDefinitionReader.Load(folder.Write("things.yaml", yaml), catalog));
    }
}
