using System.Buffers.Binary;

namespace Hub.Connectors.Postgres;

/// <summary>Reads rows from PostgreSQL's binary COPY format. Source: PostgreSQL documentation, COPY, "Binary Format".</summary>
internal sealed class CopyReader(Stream copy)
{
    private const int HeaderSize = 11 + 4 + 4;

    private byte[] buffer = new byte[256 * 1024];
    private int start;
    private int end;
    private bool hasHeader;

    /// <summary>Moves to the next row; false after the last one.</summary>
    public async ValueTask<bool> ReadAsync(CancellationToken cancellationToken)
    {
        if (!hasHeader)
        {
            await FillAsync(HeaderSize, cancellationToken);
            start += HeaderSize + BinaryPrimitives.ReadInt32BigEndian(buffer.AsSpan(start + 15));
            hasHeader = true;
        }

        start += RowLength;
        RowLength = 0;
        while (!TryMeasure(out var needed))
            await FillAsync(needed, cancellationToken);
        return RowLength > 0;
    }

    /// <summary>The current row: a count of fields in two bytes, then each field as length (-1 for null) and bytes.</summary>
    public ReadOnlySpan<byte> Row => buffer.AsSpan(start, RowLength);

    private int RowLength { get; set; }

    private bool TryMeasure(out int needed)
    {
        var rest = buffer.AsSpan(start, end - start);
        needed = 2;
        if (rest.Length < needed)
            return false;
        var fields = BinaryPrimitives.ReadInt16BigEndian(rest);
        if (fields < 0)
            return true;

        var at = 2;
        for (var i = 0; i < fields; i++)
        {
            needed = at + 4;
            if (rest.Length < needed)
                return false;
            at = checked(needed + Math.Max(0, BinaryPrimitives.ReadInt32BigEndian(rest[at..])));
        }

        needed = at;
        if (rest.Length < needed)
            return false;
        RowLength = at;
        return true;
    }

    private async ValueTask FillAsync(int needed, CancellationToken cancellationToken)
    {
        if (buffer.Length - start < needed)
        {
            var target = buffer.Length >= needed ? buffer : new byte[Math.Max(needed, buffer.Length * 2)];
            buffer.AsSpan(start, end - start).CopyTo(target);
            (buffer, end, start) = (target, end - start, 0);
        }

        while (end - start < needed)
        {
            var read = await copy.ReadAsync(buffer.AsMemory(end), cancellationToken);
            if (read == 0)
                throw new EndOfStreamException("The server ended a COPY in the middle of a row.");
            end += read;
        }
    }
}
