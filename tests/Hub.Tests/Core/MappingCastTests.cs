using System.Globalization;
using System.Numerics;
using CsCheck;
using Hub.Core.Mapping;
using Xunit;

namespace Hub.Tests.Core;

public sealed class MappingCastTests
{
    [Theory]
    [InlineData("12.5", "1250")]
    [InlineData("-0.01", "-1")]
    [InlineData("0", "0")]
    [InlineData("-0.00", "0")]
    [InlineData("007.10", "710")]
    [InlineData(".5", "50")]
    [InlineData("12.3400000", "1234")]
    [InlineData("999999999999999999.99", "99999999999999999999")]
    [InlineData("-999999999999999999.99", "-99999999999999999999")]
    public void A_decimal_is_taken_exactly(string text, string unscaled)
        => Assert.Equal(Int128.Parse(unscaled, CultureInfo.InvariantCulture), Taken("amount: v", "amount", text));

    [Theory]
    [InlineData("0.001", "more than 2 digits behind the point")]
    [InlineData("1000000000000000000", "too large")]
    [InlineData("100000000000000000000000000000000000000000000", "too large")]
    [InlineData("1e5", "scientific")]
    [InlineData("1.5E+10", "scientific")]
    [InlineData("NaN", "not finite")]
    [InlineData("-Infinity", "not finite")]
    [InlineData("", "not a number")]
    [InlineData("-", "not a number")]
    [InlineData(".", "not a number")]
    [InlineData("5.", "not a number")]
    [InlineData("1,000.00", "not a number")]
    [InlineData("1.2.3", "not a number")]
    [InlineData("--1", "not a number")]
    [InlineData("+1", "not a number")]
    [InlineData(" 1", "not a number")]
    [InlineData("1.00x", "not a number")]
    [InlineData("１２", "not a number")]
    public void A_decimal_that_would_be_rounded_or_guessed_is_refused(string text, string reason)
        => Assert.Contains(reason, Refused("amount: v", text), StringComparison.Ordinal);

    [Theory]
    [InlineData("1", "1000000")]
    [InlineData("1.2345", "1234500")]
    [InlineData("0.000001", "1")]
    [InlineData("99999999999999.999999", "99999999999999999999")]
    public void Ten_thousands_become_yuan_exactly(string text, string unscaled)
        => Assert.Equal(Int128.Parse(unscaled, CultureInfo.InvariantCulture), Taken("amount: { column: v, unit: 万元 }", "amount", text));

    [Theory]
    [InlineData("0.0000001", "more than 6 digits")]
    [InlineData("100000000000000", "too large")]
    public void Ten_thousands_that_do_not_fit_are_refused(string text, string reason)
        => Assert.Contains(reason, Refused("amount: { column: v, unit: 万元 }", text), StringComparison.Ordinal);

    [Fact]
    public void Every_decimal_text_gives_back_its_unscaled_number()
    {
        var limit = BigInteger.Pow(10, 38);
        var shape = MappingKit.Shape(("k", "text"), ("v", "numeric"));
        var mapper = MappingKit.Compile(MappingKit.DefineFields("wide: v"), shape);
        Gen.Select(Gen.Int[0, 38], Gen.ULong, Gen.ULong, Gen.Bool).Sample((digits, high, low, negative) =>
        {
            var number = ((((BigInteger)high << 64) | low) % BigInteger.Pow(10, digits)) * (negative ? -1 : 1);
            Assert.True(BigInteger.Abs(number) < limit);
            var padded = BigInteger.Abs(number).ToString(CultureInfo.InvariantCulture).PadLeft(11, '0');
            var text = $"{(number.Sign < 0 ? "-" : "")}{padded[..^10]}.{padded[^10..]}";
            var mapped = MappingKit.Map(mapper, shape, "1", text);
            return mapped.Refusal is null && (BigInteger)(Int128)mapped.Fields["wide"]! == number;
        });
    }

    [Theory]
    [InlineData("count", "0", 0)]
    [InlineData("count", "-2147483648", int.MinValue)]
    [InlineData("count", "2147483647", int.MaxValue)]
    [InlineData("count", "42.000", 42)]
    [InlineData("big", "-9223372036854775808", long.MinValue)]
    [InlineData("big", "9223372036854775807", long.MaxValue)]
    public void A_whole_number_is_taken(string field, string text, long expected) => Assert.Equal(expected, Taken($"{field}: v", field, text));

    [Theory]
    [InlineData("count", "2147483648", "too large")]
    [InlineData("count", "-2147483649", "too large")]
    [InlineData("big", "9223372036854775808", "too large")]
    [InlineData("count", "1.5", "digits behind the point")]
    [InlineData("count", "a", "not a number")]
    public void A_whole_number_that_does_not_fit_is_refused(string field, string text, string reason)
        => Assert.Contains(reason, Refused($"{field}: v", text), StringComparison.Ordinal);

    [Theory]
    [InlineData("t", true), InlineData("true", true), InlineData("1", true)]
    [InlineData("f", false), InlineData("false", false), InlineData("0", false)]
    public void A_boolean_is_taken(string text, bool expected) => Assert.Equal(expected, Taken("isGov: v", "isGov", text));

    [Theory]
    [InlineData("2"), InlineData("T"), InlineData("yes"), InlineData(""), InlineData("是"), InlineData("true ")]
    public void Anything_else_is_not_a_boolean(string text) => Assert.Contains("not a boolean", Refused("isGov: v", text), StringComparison.Ordinal);

    [Theory]
    [InlineData("1970-01-01", 0)]
    [InlineData("2025-03-01", 20148)]
    [InlineData("0001-01-01", -719162)]
    [InlineData("9999-12-31", 2932896)]
    [InlineData("2024-02-29", 19782)]
    [InlineData("2025-03-01 00:00:00", 20148)]
    [InlineData("2025-03-01T00:00:00.000", 20148)]
    [InlineData("2025-03-01 00:00:00+08", 20148)]
    [InlineData("2025-02-28 16:00:00+00", 20148)]
    [InlineData("2025-02-28T16:00:00Z", 20148)]
    [InlineData("1960-06-01 00:00:00", -3501)]
    public void A_day_is_taken(string text, long days) => Assert.Equal(days, Taken("payDate: v", "payDate", text));

    [Theory]
    [InlineData("2025-02-29", "not a day")]
    [InlineData("2025-13-01", "not a day")]
    [InlineData("2025-00-01", "not a day")]
    [InlineData("2025-3-1", "not a day")]
    [InlineData("20250301", "not a day")]
    [InlineData("2025/03/01", "not a day")]
    [InlineData("10000-01-01", "not a day")]
    [InlineData("0000-01-01", "not a day")]
    [InlineData("", "not a day")]
    [InlineData("0044-03-15 BC", "before the year 1")]
    [InlineData("infinity", "not finite")]
    [InlineData("-infinity", "not finite")]
    [InlineData("2025-03-01 00:00:00.000001", "has a time of day")]
    [InlineData("2025-03-01 08:00:00", "has a time of day")]
    [InlineData("2025-03-01 00:00:00+00", "has a time of day")]
    [InlineData("1960-06-01 12:00:00", "has a time of day")]
    [InlineData("2025-03-01 24:00:00", "not a day")]
    public void A_day_that_is_none_is_refused(string text, string reason) => Assert.Contains(reason, Refused("payDate: v", text), StringComparison.Ordinal);

    [Theory]
    [InlineData("1970-01-01 08:00:00", 0)]
    [InlineData("1970-01-01 00:00:00+00", 0)]
    [InlineData("1970-01-01T00:00:00Z", 0)]
    [InlineData("1970-01-01 05:30:00+05:30", 0)]
    [InlineData("1970-01-01 05:30:00+0530", 0)]
    [InlineData("1969-12-31 20:00:00-04", 0)]
    [InlineData("1901-01-01 08:05:43+08:05:43", -2177452800000000)]
    [InlineData("1970-01-01 08:00:00.1", 100000)]
    [InlineData("1970-01-01 08:00:00.123456", 123456)]
    [InlineData("1970-01-01 08:00:00.123456000", 123456)]
    [InlineData("1969-12-31 23:59:59.999999+00", -1)]
    [InlineData("1970-01-02", 57600000000)]
    public void A_moment_is_taken(string text, long micros) => Assert.Equal(micros, Taken("paidAt: v", "paidAt", text));

    [Theory]
    [InlineData("2025-03-01 24:00:00", "not a date and time")]
    [InlineData("2025-03-01 23:60:00", "not a date and time")]
    [InlineData("2025-03-01 23:59:60", "not a date and time")]
    [InlineData("2025-03-01 08:00", "not a date and time")]
    [InlineData("2025-03-01 08:00:00.", "not a date and time")]
    [InlineData("2025-03-01 08:00:00.1234567", "not a date and time")]
    [InlineData("2025-03-01 08:00:00+", "not a date and time")]
    [InlineData("2025-03-01 08:00:00+8", "not a date and time")]
    [InlineData("2025-03-01 08:00:00 PM", "not a date and time")]
    [InlineData("2025-03-01x08:00:00", "not a date and time")]
    [InlineData("infinity", "not finite")]
    [InlineData("0001-01-01 00:00:00+00 BC", "before the year 1")]
    public void A_moment_that_is_none_is_refused(string text, string reason) => Assert.Contains(reason, Refused("paidAt: v", text), StringComparison.Ordinal);

    [Fact]
    public void Every_moment_is_read_as_the_framework_reads_it()
    {
        var shape = MappingKit.Shape(("k", "text"), ("v", "timestamptz"));
        var mapper = MappingKit.Compile(MappingKit.DefineFields("paidAt: v"), shape);
        var oldest = new DateTime(1, 1, 3).Ticks;
        var newest = new DateTime(9999, 12, 28).Ticks;
        Gen.Select(Gen.Long[oldest, newest], Gen.Int[-14 * 60, 14 * 60], Gen.Bool).Sample((ticks, minutes, withT) =>
        {
            var moment = new DateTimeOffset(ticks - (ticks % TimeSpan.TicksPerMicrosecond), TimeSpan.FromMinutes(minutes));
            var text = moment.ToString(withT ? "yyyy-MM-ddTHH:mm:ss.ffffffzzz" : "yyyy-MM-dd HH:mm:ss.FFFFFFzzz", CultureInfo.InvariantCulture);
            var expected = (moment.UtcTicks - DateTimeOffset.UnixEpoch.Ticks) / TimeSpan.TicksPerMicrosecond;
            return (long)MappingKit.Map(mapper, shape, "1", text).Fields["paidAt"]! == expected;
        });
    }

    [Theory]
    [InlineData("timeZone: UTC", 0)]
    [InlineData("timeZone: \"+05:30\"", -19800000000)]
    [InlineData("timeZone: \"-04:00\"", 14400000000)]
    [InlineData("timeZone: Asia/Shanghai", -28800000000)]
    [InlineData(null, -28800000000)]
    public void A_time_without_a_zone_is_in_the_zone_of_the_source(string? setting, long micros)
        => Assert.Equal(micros, MappingKit.MapValue("paidAt: v", "1970-01-01 00:00:00", settings: setting).Fields["paidAt"]);

    [Theory]
    [InlineData("text", "remark: v", " 预算  ", " 预算  ")]
    [InlineData("character", "remark: v", " 11  ", " 11")]
    [InlineData("bpchar", "remark: v", "    ", "")]
    [InlineData("text", "remark: { column: v, trim: true }", "\u3000\t 预算 x\u00a0\r\n", "预算 x")]
    [InlineData("text", "remark: { column: v, trim: true, nullIf: \"\" }", "  ", null)]
    [InlineData("text", "remark: { column: v, nullIf: 无 }", "无", null)]
    [InlineData("text", "remark: { column: v, nullIf: 无 }", "无关", "无关")]
    [InlineData("text", "remark: v", "", "")]
    public void Text_is_taken_as_the_mapping_says(string type, string fields, string text, string? expected)
        => Assert.Equal(expected, MappingKit.MapValue(fields, text, type).Fields["remark"]);

    [Fact]
    public void Null_stays_null_in_either_branch()
    {
        var fields = MappingKit.MapValue("remark: v\n      amount: v\n      paidAt: v\n      isGov: { column: v, values: { \"1\": true } }", null).Fields;
        Assert.All(["remark", "amount", "paidAt", "isGov", "big"], name => Assert.Null(fields[name]));
    }

    private static object? Taken(string fields, string field, string text)
    {
        var mapped = MappingKit.MapValue(fields, text);
        Assert.Null(mapped.Refusal);
        return mapped.Fields[field];
    }

    private static string Refused(string fields, string text)
    {
        var mapped = MappingKit.MapValue(fields, text);
        Assert.Equal((MapOutcome.Refused, "1"), (mapped.Outcome, mapped.Key));
        return mapped.Refusal!;
    }
}
