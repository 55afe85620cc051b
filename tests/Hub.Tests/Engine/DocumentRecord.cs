using System.Text;
using CsCheck;
using Hub.Core.Schemas;
using Hub.Tests.Fixtures;

namespace Hub.Tests.Engine;

/// <summary>A record with fields of every kind that the index knows, and the document id that it has.</summary>
/// <param name="Values">By field: UTF-8 or what should be, bool, long or the unscaled <see cref="Int128"/> of an amount; null for none.</param>
internal sealed record DocumentRecord(SchemaCatalog Catalog, byte[] Id, IReadOnlyDictionary<string, object?> Values)
{
    private const long FirstDay = -719_162;
    private const long LastDay = 2_932_896;

    private static readonly string[] Fields =
    [
        """{ "name": "title", "type": ["null", "string"], "default": null, "hub.search": "text", "hub.title": true }""",
        """{ "name": "words", "type": "string", "hub.search": "text" }""",
        """{ "name": "number", "type": "string", "hub.search": "keyword" }""",
        """{ "name": "fundType", "type": ["null", "string"], "default": null, "hub.search": "keyword", "hub.codes": "fund-type" }""",
        """{ "name": "kind", "type": "string", "hub.search": "keyword", "hub.codes": "kind" }""",
        """{ "name": "isUrgent", "type": ["null", "boolean"], "default": null, "hub.search": "flag" }""",
        """{ "name": "amount", "type": {"type":"bytes","logicalType":"decimal","precision":38,"scale":2}, "hub.search": "amount" }""",
        """{ "name": "day", "type": {"type":"int","logicalType":"date"}, "hub.search": "date" }""",
        """{ "name": "moment", "type": {"type":"long","logicalType":"timestamp-micros"}, "hub.search": "time" }""",
        """{ "name": "count", "type": ["null", "long"], "default": null, "hub.search": "number" }""",
        """{ "name": "account", "type": "string", "hub.search": "keyword", "hub.mask": "account" }""",
        """{ "name": "note", "type": "string" }""",
    ];

    private static readonly string[] ScopeFields =
    [
        """{ "name": "region", "type": ["null", "string"], "default": null, "hub.search": "keyword" }""",
        """{ "name": "year", "type": ["null", "int"], "default": null, "hub.search": "number" }""",
    ];

    private static readonly Gen<byte[]> Texts = Gen.OneOf(
        Gen.String.Select(Encoding.UTF8.GetBytes),
        Any("\"", "\\", "\n", "\r", "\0", "\u001f", "\u007f", "\u0085", "\u2028", "\ufeff", "\ufffd", "\uffff", "预算", "𠮷", "😀", "a", " ", "{\"index\":{}}\n").Array[0, 12].Select(parts => Encoding.UTF8.GetBytes(string.Concat(parts))),
        // Half of a pair, an overlong form, a cut character: none of it is UTF-8.
        Any("EDA080", "EDB080", "C080", "E9A284", "E9A2", "F0A0AE", "FF", "F4908080", "0A", "22", "61").Array[0, 8].Select(parts => Convert.FromHexString(string.Concat(parts))),
        Gen.Byte.Array[0, 40],
        Gen.Select(Gen.Int[1, 30_000], Any("预", "\n", "x")).Select((count, text) => Encoding.UTF8.GetBytes(new StringBuilder().Insert(0, text, count).ToString())));

    private static readonly Gen<long> Longs = Gen.OneOf(Gen.Long, Gen.Long[-1000, 1000], Any(long.MinValue, long.MaxValue, 0, -1L));
    private static readonly Gen<long> Days = Gen.OneOf(Gen.Int.Select(day => (long)day), Gen.Long[FirstDay, LastDay], Any(FirstDay - 1, FirstDay, LastDay, LastDay + 1, (long)int.MinValue, int.MaxValue, 0));
    private static readonly Gen<byte[]> Codes = Gen.OneOf(Any("11", "12", "19", "99", "").Select(Encoding.UTF8.GetBytes), Texts);
    private static readonly Gen<byte[]> Regions = Gen.OneOf(Any("330106", "330206", "33", "", "31\n").Select(Encoding.UTF8.GetBytes), Gen.Byte.Array[0, 32]);

    /// <summary>Region and year stand before the codes that they name.</summary>
    public static SchemaCatalog ScopeFirst { get; } = Load([.. ScopeFields, .. Fields]);

    /// <summary>Region and year stand behind them.</summary>
    public static SchemaCatalog ScopeLast { get; } = Load([.. Fields, .. ScopeFields]);

    public SubjectSchema Schema => Catalog.Subjects[0];

    public object? this[string field] => Values[field];

    public byte[] Wire()
    {
        var writer = new AvroWriter();
        writer.BeginRecord(Schema.Id);
        foreach (var field in Schema.Fields)
            Write(writer, field, this[field.Name]);
        return writer.Written.ToArray();
    }

    /// <summary>One without anything unusual.</summary>
    public static DocumentRecord Plain(SchemaCatalog catalog) => new(catalog, "finance:1"u8.ToArray(), catalog.Subjects[0].Fields.ToDictionary(field => field.Name, field => field.Type switch
    {
        FieldType.String => (object?)"11"u8.ToArray(),
        FieldType.Boolean => true,
        FieldType.Decimal => (Int128)1234,
        _ => 20_000L,
    }));

    public static Gen<DocumentRecord> Records(SchemaCatalog catalog)
        => catalog.Subjects[0].Fields.Aggregate(
            Texts.Select(key => new DocumentRecord(catalog, [.. "finance:"u8, .. key], new Dictionary<string, object?>())),
            (records, field) => Gen.Select(records, ValuesOf(field)).Select((record, value) => record.With(field.Name, value)));

    public DocumentRecord With(string field, object? value)
        => this with { Values = new Dictionary<string, object?>(Values) { [field] = value is string text ? Encoding.UTF8.GetBytes(text) : value } };

    public override string ToString()
        => $"{Convert.ToHexString(Id)}: {string.Join(", ", Values.Select(pair => $"{pair.Key} {(pair.Value is byte[] text ? Convert.ToHexString(text) : pair.Value ?? "null")}"))}";

    private static Gen<T> Any<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    private static Gen<object?> ValuesOf(FieldSchema field)
    {
        var values = field switch
        {
            { Name: "region" } => Regions.Select(region => (object?)region),
            { Name: "year" } => Gen.Int[2018, 2026].Select(year => (object?)(long)year),
            { CodeList: not null } => Codes.Select(code => (object?)code),
            { Type: FieldType.String } => Texts.Select(text => (object?)text),
            { Type: FieldType.Boolean } => Gen.Bool.Select(flag => (object?)flag),
            { Type: FieldType.Decimal } => Longs.Select(unscaled => (object?)(Int128)unscaled),
            { Type: FieldType.Date } => Days.Select(day => (object?)day),
            _ => Longs.Select(number => (object?)number),
        };
        return field.Nullable ? Gen.OneOf(Gen.Const((object?)null), values) : values;
    }

    private static void Write(AvroWriter writer, FieldSchema field, object? value)
    {
        writer.WriteBranch(field, value is null);
        if (value is byte[] text)
            writer.WriteBytes(text);
        else if (value is bool flag)
            writer.WriteBoolean(flag);
        else if (value is Int128 unscaled)
            writer.WriteDecimal(unscaled);
        else if (value is long number)
            writer.WriteLong(number);
    }

    private static SchemaCatalog Load(string[] fields)
    {
        using var folder = new ScratchFolder();
        folder.Write("test/thing/1.avsc", $$"""{ "type": "record", "namespace": "test", "name": "Thing", "hub.id": 1, "hub.region": "region", "hub.year": "year", "fields": [{{string.Join(",\n", fields)}}] }""");
        folder.Write("codes/fund-type.csv", "region,year_from,year_to,code,name,parent,evidence\n,2020,,11,一般公共预算资金,,test\n330106,2020,,11,本级资金,,test\n,2020,2022,19,旧名称,,test\n,2023,,19,\"新名称 \"\"甲\"\"\",,test\n");
        folder.Write("codes/kind.csv", "region,year_from,year_to,code,name,parent,evidence\n,2020,,12,种类,,test\n");
        return SchemaFolder.Load(folder.Path);
    }
}
