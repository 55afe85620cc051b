using System.Text;
using Hub.Core.Mapping;
using Hub.Core.Ops;
using Hub.Core.Records;
using Hub.Core.Schemas;
using Xunit;

namespace Hub.Tests.Core;

public sealed class MappingRowTests
{
    private static readonly RelationShape OneColumn = MappingKit.Shape(("k", "text"), ("v", "text"));

    [Theory]
    [InlineData("1", true), InlineData("2", false)]
    public void A_table_of_values_translates(string text, bool expected)
        => Assert.Equal(expected, MappingKit.MapValue("isGov: { column: v, values: { \"1\": true, \"2\": false } }", text).Fields["isGov"]);

    [Theory]
    [InlineData("是", "1"), InlineData("", null)]
    public void Values_may_be_chinese_and_become_text_or_null(string text, string? expected)
        => Assert.Equal(expected, MappingKit.MapValue("remark: { column: v, values: { 是: \"1\", \"\": null } }", text).Fields["remark"]);

    [Fact]
    public void A_value_that_the_table_does_not_have_is_refused()
        => Assert.Equal(
            "Field 'isGov' (from column 'v') cannot take '3': it is not in 'values' of the mapping. Expected is one of '1', '2'.",
            MappingKit.MapValue("isGov: { column: v, values: { \"1\": true, \"2\": false } }", "3").Refusal);

    [Fact]
    public void A_constant_is_the_same_in_every_record()
    {
        var fields = MappingKit.MapValue("currency: { constant: CNY }\n      count: { constant: 3 }\n      amount: { constant: \"1.50\" }", "x").Fields;
        Assert.Equal(("CNY", 3L, (Int128)150), (fields["currency"], fields["count"], fields["amount"]));
    }

    [Theory]
    [InlineData("330106", "2025", "a~b", "330106~2025~a%7Eb")]
    [InlineData("330106", "2025", "100%", "330106~2025~100%25")]
    [InlineData("330106", null, "1", null)]
    [InlineData("330106", "", "1", null)]
    public void A_composed_id_is_joined_as_a_key(string region, string? year, string code, string? expected)
    {
        var shape = MappingKit.Shape(("k", "text"), ("r", "text"), ("y", "int4"), ("c", "bpchar"));
        var mapped = MappingKit.Map(MappingKit.DefineFields("agencyId: { compose: [r, y, c] }"), shape, "1", region, year, $"{code}  ");
        Assert.Equal(expected, mapped.Fields["agencyId"]);
    }

    [Fact]
    public void A_link_from_one_column_is_the_key_of_the_other_record()
        => Assert.Equal("a%7Eb", MappingKit.MapValue("agencyId: v", "a~b").Fields["agencyId"]);

    [Theory]
    [InlineData("330106", "2023", "12", null)]
    [InlineData("330106", "2025", "12", "'12'")]
    [InlineData("110101", "2023", "12", "'12'")]
    [InlineData("110101", "2025", "11", null)]
    [InlineData("110101", "2025", "99", "'99'")]
    [InlineData("110101", "2025", null, null)]
    public void A_code_must_be_in_its_list_for_the_records_region_and_year(string region, string year, string? code, string? refused)
    {
        var shape = MappingKit.Shape(("k", "text"), ("r", "text"), ("y", "int4"), ("c", "text"));
        var mapping = MappingKit.DefineFields("mofDivCode: r\n      fiscalYear: y\n      fundTypeCode: { column: c, codes: fund-type, unknown: refuse }");
        var mapper = MappingKit.Compile(mapping, shape);
        for (var i = 0; i < 2; i++)
        {
            var mapped = MappingKit.Map(mapper, shape, "1", region, year, code);
            if (refused is null)
                Assert.Equal(code, mapped.Fields["fundTypeCode"]);
            else
                Assert.Equal($"Field 'fundTypeCode' (from column 'c') cannot take {refused}: it is not in the code list 'fund-type' for the record's region and year. Expected is a code of 'fund-type'.", mapped.Refusal);
        }
    }

    [Fact]
    public void An_unknown_code_is_kept_unless_the_mapping_refuses_it()
        => Assert.Equal("99", MappingKit.MapValue("fundTypeCode: { column: v, codes: fund-type }", "99").Fields["fundTypeCode"]);

    [Theory]
    [InlineData("1", MapOutcome.Delete), InlineData("2", MapOutcome.Upsert)]
    public void A_deletion_flag_makes_a_tombstone(string flag, MapOutcome expected)
    {
        var mapped = MappingKit.Map(DefineDeleted(), OneColumn, "K1", flag);
        Assert.Equal((expected, "K1"), (mapped.Outcome, mapped.Key));
    }

    [Theory]
    [InlineData("3", "holds '3'"), InlineData(null, "is null"), InlineData("", "holds ''")]
    public void An_unknown_deletion_flag_is_refused(string? flag, string reason)
    {
        var mapped = MappingKit.Map(DefineDeleted(), OneColumn, "K1", flag);
        Assert.Equal((MapOutcome.Refused, "K1"), (mapped.Outcome, mapped.Key));
        Assert.Equal($"Column 'v' tells whether the row is deleted but {reason}. Expected is one of '1', '2'.", mapped.Refusal);
    }

    [Theory]
    [InlineData(null, "is null"), InlineData("", "is empty"), InlineData("<absent>", "was left out by the source")]
    public void A_key_without_a_value_is_refused(string? key, string reason)
    {
        var mapped = MappingKit.Map(MappingKit.DefineFields("remark: v"), OneColumn, key, "x");
        Assert.Equal((MapOutcome.Refused, ""), (mapped.Outcome, mapped.Key));
        Assert.Equal($"The key column 'k' {reason}; every part of a key must have a value.", mapped.Refusal);
    }

    [Fact]
    public void A_deleted_row_needs_its_key_only()
    {
        var mapper = MappingKit.Compile(MappingKit.DefineFields("remark: v"), OneColumn);
        var batch = MappingKit.Batch(OneColumn, "a~1", "<absent>");
        var key = new KeyWriter();
        Assert.True(mapper.MapKey(batch.RowOf(batch[0]), key, out var refusal));
        Assert.Equal(("a%7E1", null), (Encoding.UTF8.GetString(key.Written), refusal));
    }

    [Fact]
    public void A_value_that_the_source_left_out_is_refused_and_never_null()
        => Assert.Contains("was left out by the source", MappingKit.MapValue("remark: v", "<absent>").Refusal, StringComparison.Ordinal);

    [Fact]
    public void Null_in_a_required_field_is_refused()
    {
        var mapping = MappingKit.Define("  - table: public.t\n    subject: test.payment\n    key: [k]\n    fields: { id: v }\n").Tables[0];
        Assert.Equal("Field 'id' (from column 'v') must have a value, but there is none upstream.", MappingKit.Map(mapping, OneColumn, "1", null).Refusal);
    }

    [Theory]
    [InlineData("payee: { column: v, values: { a: b } }"), InlineData("account: { column: v, values: { a: b } }")]
    public void A_refusal_never_shows_a_personal_value(string fields)
    {
        var refusal = MappingKit.MapValue(fields, "王小明").Refusal!;
        Assert.Contains("cannot take a value of 3 characters", refusal, StringComparison.Ordinal);
        Assert.DoesNotContain("王", refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void A_value_that_a_personal_field_takes_too_is_not_shown_by_another_one_or_by_the_flag()
    {
        Assert.Contains("cannot take a value of 3 characters", MappingKit.MapValue("amount: v\n      account: v", "王小明").Refusal, StringComparison.Ordinal);
        var mapping = MappingKit.DefineFields("account: v", "deleted: { column: v, values: { \"1\": true } }");
        Assert.Contains("holds a value of 3 characters.", MappingKit.Map(mapping, OneColumn, "1", "王小明").Refusal, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("6228480012345671234", "a value of 19 digits")]
    [InlineData("32020619900101123X", "a value of 18 characters")]
    [InlineData("账号 6228-4800-1234-5671 转", "a value of 24 characters")]
    [InlineData("138 1234 5678", "a value of 13 characters")]
    [InlineData("12345678.9012", "'12345678.9012'")]
    [InlineData("2025-03-01 08:00:00.123456", "'2025-03-01 08:00:00.123456'")]
    public void A_value_like_the_number_of_a_person_is_not_shown_wherever_it_lands(string value, string shown)
        => Assert.Contains($"cannot take {shown}:", MappingKit.MapValue("count: v", value).Refusal, StringComparison.Ordinal);

    [Fact]
    public void A_long_value_is_shown_in_part()
        => Assert.True(MappingKit.MapValue("amount: v", new string('x', 100_000)).Refusal!.Length < 400);

    [Fact]
    public void A_mapper_goes_on_after_a_refused_row()
    {
        var mapper = MappingKit.Compile(MappingKit.DefineFields("amount: v"), OneColumn);
        Assert.Equal(MapOutcome.Refused, MappingKit.Map(mapper, OneColumn, "1", "x").Outcome);
        Assert.Equal((Int128)100, MappingKit.Map(mapper, OneColumn, "2", "1").Fields["amount"]);
    }

    [Fact]
    public void A_new_column_is_reported_and_a_known_one_is_not()
    {
        var drift = new List<Finding>();
        MappingKit.Compile(MappingKit.DefineFields("remark: v", "ignore: [old]"), MappingKit.Shape(("k", "text"), ("v", "text"), ("old", "text"), ("fresh", "int4")), drift);
        var finding = Assert.Single(drift);
        Assert.Equal((Codes.ColumnNotMapped, Severity.Information), (finding.Code, finding.Severity));
        Assert.Contains("'fresh' (int4)", finding.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_column_that_is_gone_leaves_null_in_a_field_that_may_be_null()
    {
        var drift = new List<Finding>();
        var shape = MappingKit.Shape(("k", "text"), ("remarks", "text"));
        var mapper = MappingKit.Compile(MappingKit.DefineFields("remark: remark\n      agencyId: { compose: [k, gone] }", "ignore: [remarks]"), shape, drift);
        Assert.Null(MappingKit.Map(mapper, shape, "1", "x").Fields["remark"]);
        Assert.All(drift, finding => Assert.Equal((Codes.MappedColumnGone, Severity.Warning), (finding.Code, finding.Severity)));
        Assert.Contains("Did you mean 'remarks'?", drift[1].Suggestion, StringComparison.Ordinal);
        Assert.Equal(2, drift.Count);
    }

    [Fact]
    public void A_column_that_the_record_cannot_do_without_stops_the_source()
    {
        var mapping = MappingKit.DefineFields("remark: v", "deleted: { column: d, values: { \"1\": true } }");
        var failure = Assert.Throws<HubException>(() => MappingKit.Compile(mapping, MappingKit.Shape(("v", "text"))));
        Assert.All(failure.Findings, finding => Assert.Equal(Codes.MappedColumnGone, finding.Code));
        Assert.Equal(
            ["public.t has no column 'k', which the key needs.", "public.t has no column 'd', which 'deleted' needs.", "public.t has no column 'k', which the required field 'id' needs."],
            failure.Findings.Select(finding => finding.Message));
    }

    [Fact]
    public void Mapping_a_row_and_reading_it_allocates_nothing()
    {
        var shape = MappingKit.Shape(("k", "text"), ("r", "text"), ("y", "int4"), ("c", "bpchar"), ("a", "numeric"), ("d", "date"), ("t", "timestamptz"), ("b", "bool"), ("x", "text"));
        var mapper = MappingKit.Compile(MappingKit.DefineFields("""
            mofDivCode: r
                  fiscalYear: y
                  fundTypeCode: { column: c, codes: fund-type, unknown: refuse }
                  amount: { column: a, unit: 万元 }
                  payDate: d
                  paidAt: t
                  isGov: { column: b, values: { t: true, f: false } }
                  currency: { constant: CNY }
                  agencyId: { compose: [r, y, c] }
                  remark: { column: x, trim: true, nullIf: "" }
            """, "deleted: { column: b, values: { t: false, f: true } }"), shape);
        var batch = MappingKit.Batch(shape, "1", "330106", "2023", "12  ", "123.45", "2025-03-01", "2025-03-01 08:00:00.5+08", "t", " 拨付 ");
        var (value, key) = (new AvroWriter(), new KeyWriter());
        MapAndRead(batch, mapper, value, key, rows: 1_000);

        var before = GC.GetAllocatedBytesForCurrentThread();
        var sum = MapAndRead(batch, mapper, value, key, rows: 10_000);
        Assert.Equal((0, 10_000L * 123450000), (GC.GetAllocatedBytesForCurrentThread() - before, sum));
    }

    private static long MapAndRead(EnvelopeBatch batch, RowMapper mapper, AvroWriter value, KeyWriter key, int rows)
    {
        var sum = 0L;
        for (var i = 0; i < rows; i++)
        {
            if (mapper.Map(batch.RowOf(batch[0]), value, key, out var refusal) != MapOutcome.Upsert)
                throw new InvalidOperationException(refusal);
            var reader = new RecordReader(mapper.Schema, value.Written[WireFormat.HeaderSize..]);
            while (reader.MoveNext())
                if (!reader.IsNull && reader.Field.Type == FieldType.Decimal)
                    sum += (long)reader.GetDecimal();
        }

        return sum;
    }

    private static TableMapping DefineDeleted() => MappingKit.DefineFields("remark: v", "deleted: { column: v, values: { \"1\": true, \"2\": false } }");
}
