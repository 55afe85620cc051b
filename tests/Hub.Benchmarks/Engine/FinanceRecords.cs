using System.Globalization;
using System.Text;
using Hub.Core.Log;
using Hub.Core.Mapping;
using Hub.Core.Records;
using Hub.Core.Schemas;
using Hub.Demo.Finance;
using Hub.Demo.Finance.Generation;

namespace Hub.Benchmarks.Engine;

/// <summary>The demo's generated rows of one table as Hub has them in its log, mapped by the shipped definition: as many as asked for, the same ones in each run.</summary>
internal sealed class FinanceRecords
{
    /// <summary>What the sink reads at once.</summary>
    private const int BatchBytes = 2 * 1024 * 1024;

    /// <summary>Rows of all tables that are made for one of a table of payments, about.</summary>
    private const double RowsEach = 3.3;
    private const string Source = "finance";

    private readonly TableMapping mapping;

    private FinanceRecords(SchemaCatalog catalog, TableMapping mapping) => (Catalog, this.mapping, Schema) = (catalog, mapping, catalog.Find(mapping.Subject)!);

    public SchemaCatalog Catalog { get; }

    public SubjectSchema Schema { get; }

    public static FinanceRecords Load(string repository, string subject)
    {
        // The definition names its connection by a variable; nothing connects here.
        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable("HUB_FINANCE_CONNECTION")))
            Environment.SetEnvironmentVariable("HUB_FINANCE_CONNECTION", "Host=unused");
        var catalog = SchemaFolder.Load(Path.Combine(repository, "schemas"));
        var source = SourceDefinitionReader.Load(Path.Combine(repository, "connectors", "finance", "finance.yaml"), catalog);
        return new(catalog, source.Tables.First(table => table.Subject == subject));
    }

    /// <summary>Batches as the sink reads them; each is good until the next is asked for.</summary>
    public IEnumerable<LogBatch> Batches(int count)
    {
        var (batch, row, value, key) = (new LogBatch(), new EnvelopeBatch(), new AvroWriter(), new KeyWriter());
        RowMapper? mapper = null;
        RelationShape? shape = null;
        foreach (var generated in Rows((int)(count * RowsEach)))
        {
            shape ??= new(mapping.Table, [.. generated.Table.ColumnList.Split(", ").Select(column => new ColumnShape(column, "text", false))]);
            mapper ??= RowMapper.Compile(mapping, Schema, Catalog.CodeLists, shape, []);
            Fill(row, shape, generated);
            if (mapper.Map(row.RowOf(row[0]), value, key, out _) != MapOutcome.Upsert)
                continue;
            Add(batch, count--, key, value);
            if (batch.SizeInBytes < BatchBytes && count > 0)
                continue;
            yield return batch;
            batch.Clear();
            if (count == 0)
                yield break;
        }
    }

    /// <summary>The same batches, to be used again and again.</summary>
    public IReadOnlyList<LogBatch> Keep(int count)
    {
        var kept = new List<LogBatch>();
        foreach (var batch in Batches(count))
        {
            kept.Add(new());
            for (var i = 0; i < batch.Count; i++)
                kept[^1].Add(batch, batch[i]);
        }

        return kept;
    }

    /// <summary>One generated world after the other, without an end; the first has about as many rows as are needed, of all years and agencies.</summary>
    private IEnumerable<FinanceRow> Rows(int scale)
    {
        for (var seed = 1; ; seed++)
            foreach (var row in new FinanceGenerator(scale, seed).Rows())
                if (mapping.Table == $"public.{row.Table.Name}")
                    yield return row;
    }

    private static void Fill(EnvelopeBatch batch, RelationShape shape, FinanceRow row)
    {
        batch.Clear();
        batch.Begin(shape, Operation.Snapshot, version: 1, occurredAt: 0, position: default);
        foreach (var text in row.Values)
            if (text is null)
                batch.AddNull();
            else
                batch.Add(Encoding.UTF8.GetBytes(text));
    }

    private void Add(LogBatch batch, int number, KeyWriter key, AvroWriter value)
    {
        var version = 23_000_000_000L + number;
        var position = string.Create(CultureInfo.InvariantCulture, $"{version:X16}-00000000");
        batch.Add(new(
            new(Schema.Subject, 0), number, Source, Operation.Snapshot, version, 1_767_225_600_000_000, batch.Store([.. "finance:"u8, .. key.Written]), batch.Store(value.Written), batch.Store(Encoding.UTF8.GetBytes(position))));
    }
}
