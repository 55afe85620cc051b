using System.Diagnostics;
using System.Globalization;
using System.Text;
using Hub.Core.Index;
using Hub.Core.Log;
using Hub.Core.Records;
using Hub.Core.Schemas;
using Hub.Index.Lucene;
using Lucene.Net.Analysis.Cjk;
using Lucene.Net.Documents;
using Lucene.Net.Index;
using Lucene.Net.Search.Similarities;
using Lucene.Net.Store;
using Lucene.Net.Util;
using Directory = System.IO.Directory;
using FieldType = Hub.Core.Schemas.FieldType;

namespace Hub.Benchmarks.Index;

/// <summary>
/// Documents per second from log entries into the index ÷ bare Lucene.NET adding the same fields, prepared beforehand, with the same settings.
/// Both run by turns in one process on one thread each.
/// </summary>
public static class IndexBenchmark
{
    private const int Documents = 30_000;
    private const int BatchSize = 1_000;
    private const int Rounds = 3;

    private static readonly string[] Uses = ["义务教育学校校舍维修工程进度款", "城市道路改造工程监理服务费", "基本公共卫生服务项目补助资金", "预算联网监督系统运行维护费", "农村公路养护工程结算款"];
    private static readonly string[] Agencies = ["区教育局", "区住房和城乡建设局", "区卫生健康局", "区人大常委会办公室", "区交通运输局", "区农业农村局"];
    private static readonly string[] Payees = ["华东建筑工程有限公司", "路桥养护有限公司", "东方医疗器械有限公司", "信息技术服务有限公司"];

    public static async Task RunAsync(TextWriter output, CancellationToken cancellationToken)
    {
        var root = Directory.CreateTempSubdirectory("hub-index-bench-").FullName;
        try
        {
            var catalog = Load(root);
            var hub = new List<Figure>();
            var bare = new List<Figure>();
            for (var round = 0; round <= Rounds; round++)
            {
                var fromHub = await HubAsync(Path.Combine(root, $"hub{round}"), catalog, cancellationToken);
                var fromLucene = Bare(Path.Combine(root, $"bare{round}"), catalog);
                if (round == 0)
                    continue;
                hub.Add(fromHub);
                bare.Add(fromLucene);
            }

            var (mine, lucene) = (Median(hub), Median(bare));
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"index: Hub {mine.PerSecond:N0} documents/s, {mine.BytesEach:N0} bytes allocated each; bare Lucene.NET {lucene.PerSecond:N0} documents/s, {lucene.BytesEach:N0} bytes; ratio {mine.PerSecond / lucene.PerSecond:F2}"));
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"index: writing the same documents again: {hub[^1].AgainPerSecond:N0} documents/s; resident {Environment.WorkingSet / 1048576:N0} MB"));
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    private static async Task<Figure> HubAsync(string folder, SchemaCatalog catalog, CancellationToken cancellationToken)
    {
        await using var index = new LuceneIndex(new LuceneIndexOptions { Folder = folder }, catalog);
        var (first, bytes) = await WriteAsync(index, catalog, version: 1, cancellationToken);
        await index.RefreshAsync(cancellationToken);
        var (again, _) = await WriteAsync(index, catalog, version: 2, cancellationToken);
        return new(Documents / first.TotalSeconds, (double)bytes / Documents, Documents / again.TotalSeconds);
    }

    private static async Task<(TimeSpan Time, long Bytes)> WriteAsync(LuceneIndex index, SchemaCatalog catalog, long version, CancellationToken cancellationToken)
    {
        var batch = new LogBatch();
        var outcomes = new List<WriteOutcome>();
        var writer = new AvroWriter();
        var watch = new Stopwatch();
        long bytes = 0;
        for (var start = 0; start < Documents; start += BatchSize)
        {
            Fill(batch, writer, catalog, start, version);
            var before = GC.GetTotalAllocatedBytes();
            watch.Start();
            await index.WriteAsync(batch, outcomes, cancellationToken);
            watch.Stop();
            bytes += GC.GetTotalAllocatedBytes() - before;
        }

        watch.Start();
        await index.CommitAsync(new Dictionary<TopicPartition, long> { [new("bench.payment", 0)] = Documents }, cancellationToken);
        watch.Stop();
        return (watch.Elapsed, bytes);
    }

    private static Figure Bare(string folder, SchemaCatalog catalog)
    {
        using var directory = FSDirectory.Open(folder);
        using var analyzer = new CJKAnalyzer(LuceneVersion.LUCENE_48);
        var merges = new ConcurrentMergeScheduler();
        merges.SetMaxMergesAndThreads(4, 1);
        using var index = new IndexWriter(directory, new IndexWriterConfig(LuceneVersion.LUCENE_48, analyzer)
        {
            RAMBufferSizeMB = 32, MaxThreadStates = 1, MergeScheduler = merges, MergePolicy = new TieredMergePolicy(), Similarity = new BM25Similarity(),
        });
        var batch = new LogBatch();
        var writer = new AvroWriter();
        var watch = new Stopwatch();
        long bytes = 0;
        for (var start = 0; start < Documents; start += BatchSize)
        {
            Fill(batch, writer, catalog, start, 1);
            var prepared = Enumerable.Range(0, batch.Count).Select(i => Prepare(batch, batch[i], catalog)).ToList();
            var before = GC.GetTotalAllocatedBytes();
            watch.Start();
            foreach (var document in prepared)
                index.AddDocument(document);
            watch.Stop();
            bytes += GC.GetTotalAllocatedBytes() - before;
        }

        watch.Start();
        index.Commit();
        watch.Stop();
        return new(Documents / watch.Elapsed.TotalSeconds, (double)bytes / Documents, 0);
    }

    /// <summary>The fields that Hub writes, with Lucene's own classes.</summary>
    private static Document Prepare(LogBatch batch, in LogEntry entry, SchemaCatalog catalog)
    {
        var wire = batch.Bytes(entry.Value).ToArray();
        var uid = $"bench.payment\0{Encoding.UTF8.GetString(batch.Bytes(entry.Key))}";
        var document = new Document
        {
            new StringField("_uid", uid, Field.Store.NO), new BinaryDocValuesField("_uid", new BytesRef(uid)), new NumericDocValuesField("_version", entry.Version), new StoredField("_value", wire),
        };
        AddKeyword(document, "_subject", "bench.payment");
        AddKeyword(document, "_source", "finance");
        var reader = catalog.Read(wire);
        while (reader.MoveNext())
        {
            var field = reader.Field;
            if (field.Search is SearchRole.Text or SearchRole.Keyword)
            {
                var text = Encoding.UTF8.GetString(reader.GetUtf8());
                if (field.Search == SearchRole.Keyword)
                    AddKeyword(document, field.Name, text);
                else
                    document.Add(new StringField("_present", field.Name, Field.Store.NO));
                if (field.IsTitle)
                    document.Add(new TextField("_title", text, Field.Store.NO));
                document.Add(new TextField("_text", text, Field.Store.NO));
            }
            else if (field.Search == SearchRole.Flag)
                AddKeyword(document, field.Name, reader.GetBoolean() ? "true" : "false");
            else
                AddNumber(document, field.Name, field.Type == FieldType.Decimal ? (long)reader.GetDecimal() : reader.GetLong());
        }

        return document;
    }

    private static void AddKeyword(Document document, string name, string value)
    {
        document.Add(new StringField(name, value, Field.Store.NO));
        document.Add(new SortedDocValuesField(name, new BytesRef(value)));
    }

    private static void AddNumber(Document document, string name, long value)
    {
        document.Add(new Int64Field(name, value, new Lucene.Net.Documents.FieldType(Int64Field.TYPE_NOT_STORED) { NumericPrecisionStep = 16 }));
        document.Add(new NumericDocValuesField(name, value));
    }

    private static void Fill(LogBatch batch, AvroWriter writer, SchemaCatalog catalog, int start, long version)
    {
        batch.Clear();
        var schema = catalog.Find("bench.payment")!;
        for (var i = start; i < start + BatchSize; i++)
        {
            writer.BeginRecord(schema.Id);
            foreach (var field in schema.Fields)
                WriteField(writer, field, i);
            var key = batch.Store(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"finance:{i * 7919L % 1_000_003:D8}")));
            batch.Add(new(new("bench.payment", 0), i, "finance", Operation.Snapshot, version, 0, key, batch.Store(writer.Written), Cell.Null));
        }
    }

    private static void WriteField(AvroWriter writer, FieldSchema field, int i)
    {
        switch (field.Type)
        {
            case FieldType.String:
                writer.WriteBytes(Encoding.UTF8.GetBytes(Text(field.Name, i)));
                break;
            case FieldType.Boolean:
                writer.WriteBoolean(i % 9 == 0);
                break;
            case FieldType.Decimal:
                writer.WriteDecimal(i * 104_729L % 100_000_000);
                break;
            case FieldType.Date:
                writer.WriteLong(20_000 + i % 365);
                break;
            case FieldType.Timestamp:
                writer.WriteLong(1_740_000_000_000_000 + i * 1_000_003L);
                break;
            default:
                writer.WriteLong(2020 + i % 6);
                break;
        }
    }

    private static string Text(string field, int i) => field switch
    {
        "useDescription" => string.Create(CultureInfo.InvariantCulture, $"{Uses[i % Uses.Length]}第{i % 997}期"),
        "agencyName" => Agencies[i % Agencies.Length],
        "payeeName" => string.Create(CultureInfo.InvariantCulture, $"{Agencies[i / 7 % Agencies.Length][1..]}{Payees[i % Payees.Length]}{i % 2000}"),
        "agencyCode" => string.Create(CultureInfo.InvariantCulture, $"{101 + i % Agencies.Length}001"),
        "fundTypeCode" => i % 3 == 0 ? "11" : "12",
        "expFuncCode" => string.Create(CultureInfo.InvariantCulture, $"20{i % 90:D5}"),
        "mofDivCode" => "330106000",
        _ => string.Create(CultureInfo.InvariantCulture, $"PZ2025{i:D10}"),
    };

    private static SchemaCatalog Load(string root)
    {
        var folder = Directory.CreateDirectory(Path.Combine(root, "schemas", "bench", "payment")).FullName;
        var fields = string.Join(",\n", new[]
        {
            ("useDescription", "\"string\"", "text\", \"hub.title\": true, \"x\": \""), ("agencyName", "\"string\"", "text"), ("payeeName", "\"string\"", "text"),
            ("agencyCode", "\"string\"", "keyword"), ("fundTypeCode", "\"string\"", "keyword"), ("expFuncCode", "\"string\"", "keyword"), ("mofDivCode", "\"string\"", "keyword"),
            ("voucherNo", "\"string\"", "keyword"), ("payAmount", Decimal, "amount"), ("applyAmount", Decimal, "amount"),
            ("payDate", "{\"type\":\"int\",\"logicalType\":\"date\"}", "date"), ("createdAt", "{\"type\":\"long\",\"logicalType\":\"timestamp-micros\"}", "time"),
            ("fiscalYear", "\"int\"", "number"), ("isUrgent", "\"boolean\"", "flag"),
        }.Select(field => $"{{ \"name\": \"{field.Item1}\", \"type\": {field.Item2}, \"hub.search\": \"{field.Item3}\" }}"));
        File.WriteAllText(Path.Combine(folder, "1.avsc"), $"{{ \"type\": \"record\", \"namespace\": \"bench\", \"name\": \"Payment\", \"hub.id\": 1, \"fields\": [{fields}] }}");
        return SchemaFolder.Load(Path.Combine(root, "schemas"));
    }

    private const string Decimal = "{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":20,\"scale\":2}";

    private static Figure Median(List<Figure> figures) => figures.OrderBy(figure => figure.PerSecond).ElementAt(figures.Count / 2);

    private readonly record struct Figure(double PerSecond, double BytesEach, double AgainPerSecond);
}
