using System.Buffers.Binary;
using Hub.Core.Schemas.Resolution;

namespace Hub.Core.Schemas;

/// <summary>
/// Walks the fields of one Avro record without an allocation. After each <see cref="MoveNext"/> the current value is taken by
/// the Get method of its type, or not at all. The fields are those of the reader's schema, each once, in whatever order the writer
/// has them; those that it does not have come last, with their defaults.
/// </summary>
/// <exception cref="InvalidDataException">The bytes are not a record of the schema.</exception>
public ref partial struct RecordReader
{
    private readonly SubjectSchema schema;
    private readonly ReadStep[]? steps;
    private readonly ReadOnlySpan<byte> bytes;
    private int next;
    private int ordinal;
    private int step;
    private long number;
    private ReadOnlySpan<byte> slice;

    /// <param name="schema">The schema that wrote the record.</param>
    /// <param name="avro">Avro binary without the wire format's header.</param>
    public RecordReader(SubjectSchema schema, ReadOnlySpan<byte> avro)
    {
        this.schema = schema;
        bytes = avro;
        ordinal = -1;
    }

    /// <param name="plan">How the writer's schema becomes the reader's.</param>
    /// <param name="avro">Avro binary without the wire format's header.</param>
    public RecordReader(ReadPlan plan, ReadOnlySpan<byte> avro) : this(plan.Schema, avro)
    {
        steps = plan.Steps;
        step = -1;
    }

    public readonly FieldSchema Field => schema.Fields[ordinal];

    public bool IsNull { get; private set; }

    public bool MoveNext()
    {
        if (steps is not null)
            return MoveNextResolved();
        if (++ordinal >= schema.Fields.Length)
            return next == bytes.Length ? false : throw Garbled("has bytes behind its last field");

        var field = schema.Fields[ordinal];
        IsNull = field.Nullable && ReadBranch() == field.NullBranch;
        number = 0;
        slice = default;
        if (!IsNull)
            ReadValue(field.Type);
        return true;
    }

    /// <summary>The current value when it is int, long, date (days since 1970) or timestamp (microseconds since 1970 UTC).</summary>
    public readonly long GetLong() => number;

    public readonly bool GetBoolean() => number != 0;

    /// <summary>The UTF-8 text of the current string, or the symbol of the current enum.</summary>
    public readonly ReadOnlySpan<byte> GetUtf8() => slice;

    /// <summary>The current decimal's unscaled number.</summary>
    public readonly Int128 GetDecimal()
    {
        if (slice.Length is 0 or > 16)
            throw new InvalidDataException($"Field '{Field.Name}' holds a decimal of {slice.Length} bytes.");
        Span<byte> wide = stackalloc byte[16];
        wide.Fill((slice[0] & 0x80) != 0 ? (byte)0xff : (byte)0);
        slice.CopyTo(wide[(16 - slice.Length)..]);
        return BinaryPrimitives.ReadInt128BigEndian(wide);
    }

    private void ReadValue(FieldType type)
    {
        switch (type)
        {
            case FieldType.String or FieldType.Decimal:
                slice = Take(ReadLong());
                break;
            case FieldType.Boolean:
                number = Take(1)[0];
                if (number > 1)
                    throw Garbled("holds a boolean that is neither 0 nor 1");
                break;
            case FieldType.Enum:
                slice = Field.SymbolBytes[ReadIndex(Field.SymbolBytes.Length, "symbol")];
                break;
            default:
                number = ReadLong();
                if (type is FieldType.Int or FieldType.Date && number != (int)number)
                    throw Garbled("holds an int of more than 32 bits");
                break;
        }
    }

    private long ReadBranch()
    {
        var branch = ReadLong();
        return branch is 0 or 1 ? branch : throw Garbled("holds a union branch that is neither 0 nor 1");
    }

    private readonly InvalidDataException Garbled(string what)
    {
        var field = steps is null ? ordinal < schema.Fields.Length ? Field.Name : null : step < steps.Length ? steps[step].Name : null;
        return new($"The record of {schema.Subject} {what}{(field is null ? "" : $", at field '{field}'")}.");
    }

    private ReadOnlySpan<byte> Take(long length)
    {
        if (length < 0 || length > bytes.Length - next)
            throw Garbled("ends too early");
        var taken = bytes.Slice(next, (int)length);
        next += (int)length;
        return taken;
    }

    private long ReadLong()
    {
        ulong value = 0;
        for (var shift = 0; shift < 70; shift += 7)
        {
            var part = Take(1)[0];
            value |= (ulong)(part & 0x7f) << shift;
            if (part < 0x80 && (shift < 63 || part <= 1))
                return (long)(value >> 1) ^ -(long)(value & 1);
        }

        throw Garbled("holds a number of more than 64 bits");
    }
}
