using System.Text.Unicode;
using Hub.Core.Records;

namespace Hub.Connectors.Debezium;

/// <summary>
/// Takes the values of one row, in any order, into an envelope of the batch. A value without text stays absent and is explained
/// where the mapping needs it; so does one that the connector left out.
/// </summary>
/// <param name="placeholder">What the connector writes for a value that it left out.</param>
internal sealed class RowSink(EnvelopeBatch batch, UnavailableValue placeholder)
{
    private readonly ValueText text = new();
    private readonly List<int> unavailable = [];
    private RowPlan plan = null!;
    private int envelope;

    public EnvelopeBatch Batch => batch;

    /// <summary>Columns of the row that the connector left out because the change did not touch them.</summary>
    public IReadOnlyList<int> Unavailable => unavailable;

    /// <summary>The envelope that takes values now.</summary>
    public int Envelope => envelope;

    /// <summary>Starts an envelope with all values absent; what the change is, is stamped on it later.</summary>
    public void Begin(RowPlan row, ReadOnlySpan<byte> position)
    {
        (plan, envelope) = (row, batch.Count);
        unavailable.Clear();
        batch.Begin(row.Shape, Operation.Update, 0, 0, position);
        for (var i = 0; i < row.Shape.Columns.Length; i++)
            batch.AddAbsent();
    }

    /// <summary>Takes back the envelope that was begun last.</summary>
    public void TakeBack() => batch.RemoveAt(envelope);

    /// <summary>Goes on with an envelope that was begun before.</summary>
    public void Resume(RowPlan row, int begun) => (plan, envelope) = (row, begun);

    public void Null(int column) => batch.ReplaceWithNull(envelope, column);

    public void Boolean(int column, bool value) => batch.Replace(envelope, column, value ? "t"u8 : "f"u8);

    public void Whole(int column, ColumnType type, long value) => Put(column, text.Whole(value, type));

    public void Floating(int column, double value)
    {
        text.Floating(value);
        Put(column, null);
    }

    public void Floating(int column, float value)
    {
        text.Floating(value);
        Put(column, null);
    }

    public void Text(int column, ColumnType type, ReadOnlySpan<byte> value)
    {
        if (placeholder.IsText(value))
            unavailable.Add(column);
        else if (!Utf8.IsValid(value))
            NoText(column, "is not UTF-8");
        else
            batch.Replace(envelope, column, type.Form == ColumnForm.IsoLocal && value.EndsWith("Z"u8) ? value[..^1] : value);
    }

    public void Bytes(int column, ColumnType type, ReadOnlySpan<byte> value)
    {
        if (placeholder.IsBytes(value))
        {
            unavailable.Add(column);
            return;
        }

        switch (type.Form)
        {
            case ColumnForm.Decimal:
                Put(column, text.Decimal(value, type.Number));
                break;
            case ColumnForm.Bits:
                Put(column, text.Bits(value, type.Number));
                break;
            default:
                text.Bytes(value);
                Put(column, null);
                break;
        }
    }

    public void Decimal(int column, ReadOnlySpan<byte> unscaled, int scale)
    {
        if (placeholder.IsBytes(unscaled))
            unavailable.Add(column);
        else
            Put(column, text.Decimal(unscaled, scale));
    }

    /// <summary>The value has no text; the row goes on without it.</summary>
    public void NoText(int column, string why)
    {
        if (plan.IsMapped(column))
            batch.Explain(envelope, $"Column '{plan.Shape.Columns[column].Name}' of type {plan.TypeOf(column).Name} {why}, which has no text that Hub could take.");
    }

    private void Put(int column, string? why)
    {
        if (why is null)
            batch.Replace(envelope, column, text.Written);
        else
            NoText(column, why);
    }
}
