using System.Buffers;
using System.Buffers.Text;
using System.Text.Json;

namespace Hub.Connectors.Debezium;

/// <summary>Reads the values of JSON into a row, from the bytes where they lie.</summary>
internal sealed class JsonValues
{
    private byte[] scratch = new byte[1024];

    /// <summary>Reads an object's columns; the reader stands at its beginning and is left at its end.</summary>
    /// <param name="isExact">Whether to stop at a column that is not the plan's next.</param>
    /// <returns>Whether the columns are those of the plan, in its order.</returns>
    public bool ReadRow(ref Utf8JsonReader reader, RowPlan plan, RowSink sink, bool isExact = false)
    {
        var (next, isSame) = (0, true);
        while (Next(ref reader))
        {
            var column = plan.IndexOf(NameOf(ref reader), next);
            isSame &= column == next++;
            if (isExact && !isSame)
                return false;
            reader.Read();
            if (column < 0)
                reader.Skip();
            else
                ReadColumn(ref reader, column, plan.TypeOf(column), sink);
        }

        return isSame && next == plan.Shape.Columns.Length;
    }

    /// <summary>Reads one value; the reader stands on it and is left at its end.</summary>
    public void ReadColumn(ref Utf8JsonReader reader, int column, ColumnType type, RowSink sink)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.Null:
                sink.Null(column);
                break;
            case JsonTokenType.True or JsonTokenType.False:
                sink.Boolean(column, reader.TokenType == JsonTokenType.True);
                break;
            case JsonTokenType.Number:
                ReadNumber(ref reader, column, type, sink);
                break;
            case JsonTokenType.String:
                ReadText(ref reader, column, type, sink);
                break;
            case JsonTokenType.StartObject when type.Form == ColumnForm.VariableDecimal:
                ReadVariable(ref reader, column, sink);
                break;
            default:
                reader.Skip();
                sink.NoText(column, "is a list or a structure");
                break;
        }
    }

    /// <summary>Moves to the next property's name; false at the end of the object.</summary>
    public static bool Next(ref Utf8JsonReader reader)
        => reader.Read() && reader.TokenType == JsonTokenType.PropertyName;

    /// <summary>The name of the property that the reader stands on; valid until the next call.</summary>
    public ReadOnlySpan<byte> NameOf(ref Utf8JsonReader reader) => reader.ValueIsEscaped ? Unescaped(ref reader) : reader.ValueSpan;

    /// <summary>The text or the digits that the reader stands on; empty for null.</summary>
    public ReadOnlySpan<byte> TextOf(ref Utf8JsonReader reader)
        => reader.TokenType == JsonTokenType.Null ? default : reader.ValueIsEscaped ? Unescaped(ref reader) : reader.ValueSpan;

    private static void ReadNumber(ref Utf8JsonReader reader, int column, ColumnType type, RowSink sink)
    {
        var digits = reader.ValueSpan;
        if (type.Form is not (ColumnForm.Plain or ColumnForm.Decimal or ColumnForm.VariableDecimal))
        {
            if (reader.TryGetInt64(out var whole))
                sink.Whole(column, type, whole);
            else
                sink.NoText(column, "is not a whole number of 64 bits");
        }
        else if (type.Name is "float")
            sink.Floating(column, reader.GetSingle());
        else if (type.Name is "double" || digits.IndexOfAny((byte)'e', (byte)'E') >= 0)
            sink.Floating(column, reader.GetDouble());
        else
            sink.Text(column, type, digits);
    }

    private void ReadText(ref Utf8JsonReader reader, int column, ColumnType type, RowSink sink)
    {
        var text = TextOf(ref reader);
        if (type.Form is not (ColumnForm.Bytes or ColumnForm.Decimal or ColumnForm.Bits))
            sink.Text(column, type, text);
        else if (FromBase64(text) is { } length)
            sink.Bytes(column, type, scratch.AsSpan(0, length));
        else
            sink.NoText(column, "is not base64");
    }

    private void ReadVariable(ref Utf8JsonReader reader, int column, RowSink sink)
    {
        var (scale, length) = (0, -1);
        while (Next(ref reader))
        {
            var isScale = reader.ValueTextEquals("scale"u8);
            reader.Read();
            if (isScale && reader.TokenType == JsonTokenType.Number)
                scale = reader.GetInt32();
            else if (reader.TokenType == JsonTokenType.String)
                length = FromBase64(TextOf(ref reader)) ?? -1;
            else
                reader.Skip();
        }

        if (length < 0)
            sink.NoText(column, "is not a decimal of variable scale");
        else
            sink.Decimal(column, scratch.AsSpan(0, length), scale);
    }

    private int? FromBase64(ReadOnlySpan<byte> text)
    {
        if (scratch.Length < text.Length)
            scratch = new byte[text.Length * 2];
        return Base64.DecodeFromUtf8(text, scratch, out _, out var length) == OperationStatus.Done ? length : null;
    }

    private ReadOnlySpan<byte> Unescaped(ref Utf8JsonReader reader)
    {
        if (scratch.Length < reader.ValueSpan.Length)
            scratch = new byte[reader.ValueSpan.Length * 2];
        return scratch.AsSpan(0, reader.CopyString(scratch));
    }
}
