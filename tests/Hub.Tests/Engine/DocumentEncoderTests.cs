using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using CsCheck;
using Hub.Core.Log;
using Hub.Core.Records;
using Hub.Core.Schemas;
using Hub.Index.Documents;
using Hub.Index.Elasticsearch;
using Xunit;
using static Hub.Tests.Engine.DocumentRecord;

namespace Hub.Tests.Engine;

/// <summary>What the engine is sent, read back by another reader of JSON and compared with the record that it was made of.</summary>
public sealed class DocumentEncoderTests
{
    private const long FirstDay = -719_162;
    private const long LastDay = 2_932_896;

    [Fact]
    public void A_document_holds_the_fields_of_its_record()
        => Gen.Select(Gen.OneOf(Records(ScopeFirst), Records(ScopeLast)), Gen.Long[0, long.MaxValue]).Sample((record, version) =>
        {
            var lines = new LineBuffer();
            Write(Encoder(record.Catalog), lines, record, version, entry: 0);
            Compare(lines.Written.Span, record, version);
        });

    [Fact]
    public void Records_follow_each_other_in_one_request()
        => Records(ScopeLast).Array[0, 20].Sample(records =>
        {
            var (encoder, lines) = (Encoder(ScopeLast), new LineBuffer());
            for (var i = 0; i < records.Length; i++)
                Write(encoder, lines, records[i], version: i, entry: i);
            Assert.Equal(records.Length, lines.Lines.Count);
            for (var i = 0; i < records.Length; i++)
                Compare(lines.Written.Span.Slice(lines.Lines[i].Start, lines.Lines[i].Length), records[i], version: i);
        });

    [Theory]
    [InlineData("330106", 2021, "11", "本级资金")]
    [InlineData("330206", 2021, "11", "一般公共预算资金")]
    [InlineData("330206", 2021, "19", "旧名称")]
    [InlineData("330206", 2023, "19", "新名称 \"甲\"")]
    [InlineData("330206", 2023, "77", null)]
    public void A_code_is_named_by_region_and_year_wherever_they_stand(string region, int year, string code, string? name)
    {
        foreach (var catalog in new[] { ScopeFirst, ScopeLast })
        {
            var record = Plain(catalog).With("region", region).With("year", (long)year).With("fundType", code);
            Assert.Equal(name, (string?)Document(record)["fundType"]!["name"]);
        }
    }

    [Fact]
    public void An_amount_that_the_index_cannot_hold_is_refused()
    {
        foreach (var amount in new[] { (Int128)long.MaxValue + 1, (Int128)long.MinValue - 1 })
            Assert.Contains("'amount'", Assert.Throws<InvalidDataException>(() => Document(Plain(ScopeFirst).With("amount", amount))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_record_that_is_refused_leaves_nothing_behind()
    {
        var (encoder, lines, record) = (Encoder(ScopeFirst), new LineBuffer(), Plain(ScopeFirst));
        Write(encoder, lines, record, version: 1, entry: 0);
        var before = lines.Written.ToArray();
        Assert.Throws<InvalidDataException>(() => Write(encoder, lines, record.With("amount", Int128.MaxValue), version: 2, entry: 1));
        lines.DropOpen();
        Assert.Equal(before, lines.Written.ToArray());
    }

    [Fact]
    public void A_delete_marker_holds_nothing_of_the_record()
    {
        var lines = new LineBuffer();
        Encoder(ScopeFirst).WriteMarker(lines, "finance:\"1\""u8, Entry(7), DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_123));
        Assert.Equal(
            """
            {"index":{"_index":"hub-test.thing-1","_id":"finance:\"1\"","version":7,"version_type":"external_gte"}}
            {"@id":"finance:\"1\"","@subject":"test.thing","@source":"finance","@version":7,"@deletedAt":1700000000123}

            """, Encoding.UTF8.GetString(lines.Written.Span));
    }

    [Fact]
    public void A_generation_is_given_only_fields_that_it_has()
    {
        var lines = new LineBuffer();
        Write(Encoder(ScopeFirst, field => field is "number" or "amount"), lines, Plain(ScopeFirst), version: 1, entry: 0);
        var names = JsonNode.Parse(Encoding.UTF8.GetString(lines.Written.Span).Split('\n')[1])!.AsObject().Select(pair => pair.Key);
        Assert.Equal(["@id", "@subject", "@source", "@version", "@value", "number", "amount"], names);
    }

    private static void Compare(ReadOnlySpan<byte> written, DocumentRecord record, long version)
    {
        Assert.Equal((byte)'\n', written[^1]);
        var parts = new List<byte[]>();
        foreach (var part in written[..^1].Split((byte)'\n'))
            parts.Add(written[part].ToArray());
        Assert.Equal(2, parts.Count);
        var id = Text(record.Id);
        Equal(new() { ["index"] = new JsonObject { ["_index"] = "hub-test.thing-1", ["_id"] = id, ["version"] = version, ["version_type"] = "external_gte" } }, parts[0]);
        Equal(Expected(record, id, version), parts[1]);
    }

    private static void Equal(JsonObject expected, byte[] line)
    {
        var (one, other) = (JsonNode.Parse(expected.ToJsonString()), JsonNode.Parse(line));
        Assert.True(JsonNode.DeepEquals(one, other), $"expected {one!.ToJsonString()}\nbut got  {other!.ToJsonString()}");
    }

    private static JsonObject Expected(DocumentRecord record, string id, long version)
    {
        var expected = new JsonObject
        {
            ["@id"] = id, ["@subject"] = "test.thing", ["@source"] = id[..id.IndexOf(':', StringComparison.Ordinal)], ["@version"] = version, ["@value"] = Convert.ToBase64String(record.Wire()),
        };
        var present = new JsonArray();
        foreach (var field in record.Schema.Fields.Where(field => field.IsQueryable && record[field.Name] is not null))
        {
            if (field.Search == SearchRole.Text && record[field.Name] is byte[] { Length: 0 })
                continue;
            expected[field.Name] = Value(field, record);
            if (field.Search == SearchRole.Text)
                present.Add(field.Name);
        }

        if (present.Count > 0)
            expected["@present"] = present;
        return expected;
    }

    private static JsonNode Value(FieldSchema field, DocumentRecord record)
    {
        var value = record[field.Name];
        if (field.CodeList is not { } list)
            return value switch
            {
                byte[] text => Text(text),
                bool flag => flag ? "true" : "false",
                Int128 amount => (long)amount,
                long day when field.Type == FieldType.Date => day is >= FirstDay and <= LastDay
                    ? new DateTime(1970, 1, 1).AddDays(day).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)
                    : day * 86_400_000,
                _ => (long)value!,
            };
        var code = new JsonObject { ["code"] = Text(value) };
        if (record.Catalog.CodeLists.Find(list, Text(record["region"]), (int)(long)(record["year"] ?? 0L), Text(value)) is { } known)
            code["name"] = known.Name;
        return code;
    }

    private static string Text(object? utf8) => Encoding.UTF8.GetString((byte[]?)utf8 ?? []);

    private static JsonNode Document(DocumentRecord record)
    {
        var lines = new LineBuffer();
        Write(Encoder(record.Catalog), lines, record, version: 1, entry: 0);
        return JsonNode.Parse(Encoding.UTF8.GetString(lines.Written.Span).Split('\n')[1])!;
    }

    private static DocumentEncoder Encoder(SchemaCatalog catalog, Func<string, bool>? has = null)
        => new(catalog.Subjects[0], "hub-test.thing-1", new IndexMapping(catalog), new(catalog.CodeLists, LineBuffer.Quoted), has ?? (_ => true));

    private static void Write(DocumentEncoder encoder, LineBuffer lines, DocumentRecord record, long version, int entry)
    {
        var wire = record.Wire();
        encoder.WriteLive(lines, record.Id, Entry(version), record.Catalog.PlanOf(wire), wire);
        lines.EndDocument(entry, 1);
    }

    private static LogEntry Entry(long version) => new(new("test.thing", 0), 0, "finance", Operation.Update, version, 0, Cell.Null, Cell.Null, Cell.Null);
}
