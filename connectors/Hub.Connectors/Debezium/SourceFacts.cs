using System.Buffers.Text;
using System.Text;

namespace Hub.Connectors.Debezium;

/// <summary>What of a record's metadata Hub reads.</summary>
internal enum Fact
{
    None,
    Op,
    Deleted,
    Lsn,
    File,
    Pos,
    Row,
    Scn,
    Millis,
    Micros,
    Status,
}

/// <summary>
/// The metadata of one record: of the envelope, of its source block, or of the fields and headers that ExtractNewRecordState adds.
/// Filled for each record anew, in one object that is used again.
/// Source: https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-change-events-value,
/// https://debezium.io/documentation/reference/stable/transformations/event-flattening.html.
/// </summary>
internal sealed class SourceFacts
{
    public const long None = -1;

    private const int FileBits = 20;
    private const int PosBits = 32;
    private const int RowBits = 11;

    /// <summary>The last microsecond of the year 9999; a moment beyond it is none.</summary>
    private const long LatestMoment = 253_402_300_799_999_999;

    /// <summary>The letter of the operation; 0 when the record has none.</summary>
    public byte Op { get; set; }

    /// <summary>Whether the flattened record says that it is a delete.</summary>
    public bool IsDeleted { get; set; }

    /// <summary>Whether a transaction's record tells of its beginning, not of its end.</summary>
    public bool IsBegin { get; private set; }

    public long Lsn { get; private set; }

    public long BinlogFile { get; private set; }

    public long BinlogPos { get; private set; }

    public long BinlogRow { get; private set; }

    public long Scn { get; private set; }

    /// <summary>When upstream committed the change, in microseconds since 1970 UTC; 0 when not known.</summary>
    public long OccurredAt { get; private set; }

    public bool HasVersion => Lsn >= 0 || Scn >= 0 || (BinlogFile >= 0 && BinlogPos >= 0);

    public bool IsBinlog => Lsn < 0 && Scn < 0 && BinlogFile >= 0 && BinlogPos >= 0;

    public void Clear()
    {
        (Op, IsDeleted, IsBegin, OccurredAt) = (0, false, false, 0);
        Lsn = BinlogFile = BinlogPos = BinlogRow = Scn = None;
    }

    /// <summary>The meaning of a field of the source block.</summary>
    public static Fact OfSource(ReadOnlySpan<byte> name)
    {
        if (name.SequenceEqual("lsn"u8))
            return Fact.Lsn;
        if (name.SequenceEqual("ts_ms"u8))
            return Fact.Millis;
        if (name.SequenceEqual("ts_us"u8))
            return Fact.Micros;
        if (name.SequenceEqual("file"u8))
            return Fact.File;
        if (name.SequenceEqual("pos"u8))
            return Fact.Pos;
        if (name.SequenceEqual("row"u8))
            return Fact.Row;
        return name.SequenceEqual("scn"u8) ? Fact.Scn : Fact.None;
    }

    /// <summary>The meaning of a field or header that the flattening added, with its prefix; the envelope's own time is not the change's.</summary>
    public static Fact OfAdded(ReadOnlySpan<byte> name)
    {
        if (!name.StartsWith("__"u8))
            return Fact.None;
        name = name[2..];
        if (name.SequenceEqual("op"u8))
            return Fact.Op;
        if (name.SequenceEqual("deleted"u8))
            return Fact.Deleted;
        var isSource = name.StartsWith("source_"u8);
        var fact = OfSource(isSource ? name["source_".Length..] : name);
        return !isSource && fact is Fact.Millis or Fact.Micros ? Fact.None : fact;
    }

    public void Take(Fact fact, long number)
    {
        switch (fact)
        {
            case Fact.Lsn:
                Lsn = number;
                break;
            case Fact.Pos:
                BinlogPos = number;
                break;
            case Fact.Row:
                BinlogRow = number;
                break;
            case Fact.Scn:
                Scn = number;
                break;
            case Fact.Micros when number is > 0 and <= LatestMoment:
                OccurredAt = number;
                break;
            case Fact.Millis when number is > 0 and <= LatestMoment / 1_000 && OccurredAt / 1_000 != number:
                OccurredAt = number * 1_000;
                break;
        }
    }

    /// <exception cref="InvalidDataException">The text is not what the fact is.</exception>
    public void Take(Fact fact, ReadOnlySpan<byte> text)
    {
        switch (fact)
        {
            case Fact.None:
                break;
            case Fact.Op:
                Op = text.Length == 1 ? text[0] : (byte)'?';
                break;
            case Fact.Deleted:
                IsDeleted = text.SequenceEqual("true"u8);
                break;
            case Fact.Status:
                IsBegin = text.SequenceEqual("BEGIN"u8);
                break;
            case Fact.File:
                BinlogFile = text.IsEmpty ? None : Number(text[(text.LastIndexOf((byte)'.') + 1)..], "the number of the binlog file");
                break;
            // Oracle writes its change numbers as text; a record of the snapshot may have none.
            case Fact.Scn when text.IsEmpty || text.SequenceEqual("null"u8):
                break;
            default:
                Take(fact, Number(text, fact == Fact.Scn ? "the change number" : "a number of the source block"));
                break;
        }
    }

    /// <summary>
    /// The version: PostgreSQL's address in the WAL, Oracle's change number, or MySQL's binlog file (20 bits), position (32 bits) and
    /// row (11 bits). A row beyond 2047 counts as 2047: rows of one event are of different keys, and equal versions apply in order.
    /// </summary>
    /// <exception cref="InvalidDataException">It does not fit.</exception>
    public long Version()
    {
        if (Lsn >= 0 || Scn >= 0)
            return Math.Max(Lsn, Scn);
        if (BinlogFile >= 1L << FileBits || BinlogPos >= 1L << PosBits)
            throw new InvalidDataException($"its binlog place, file {BinlogFile} at {BinlogPos}, does not fit into a version of {FileBits} and {PosBits} bits");
        return (BinlogFile << (PosBits + RowBits)) | (BinlogPos << RowBits) | Math.Min(Math.Max(BinlogRow, 0), (1 << RowBits) - 1);
    }

    private static long Number(ReadOnlySpan<byte> text, string what)
        => Utf8Parser.TryParse(text, out long number, out var length) && length == text.Length
            ? number
            : throw new InvalidDataException($"{what} is not a number of 63 bits: '{Encoding.UTF8.GetString(text[..Math.Min(text.Length, 40)])}'");
}
