using System.Runtime.CompilerServices;
using System.Text.Unicode;
using Hub.Core.Schemas.Resolution;
using Hub.Core.Schemas.Types;

namespace Hub.Core.Schemas;

/// <summary>The walk over a record that another schema wrote.</summary>
public ref partial struct RecordReader
{
    private const long MicrosecondsPerMillisecond = 1000;

    private bool MoveNextResolved()
    {
        while (++step < steps!.Length)
        {
            var now = steps[step];
            if (now.Action == ReadAction.Skip)
            {
                Skip(now.Writer!);
                continue;
            }

            ordinal = now.Ordinal;
            IsNull = false;
            number = 0;
            slice = default;
            Resolve(now.Action == ReadAction.Union ? now.Branches[ReadIndex(now.Branches.Length, "union branch")] : now);
            return true;
        }

        return next == bytes.Length ? false : throw Garbled("has bytes behind its last field");
    }

    private void Resolve(ReadStep now)
    {
        switch (now.Action)
        {
            case ReadAction.Null:
                IsNull = true;
                break;
            case ReadAction.Boolean:
                ReadValue(FieldType.Boolean);
                break;
            case ReadAction.Int:
                ReadValue(FieldType.Int);
                break;
            case ReadAction.Long:
                number = ReadLong();
                break;
            case ReadAction.Milliseconds:
                number = ReadMilliseconds();
                break;
            case ReadAction.Text:
                slice = Take(ReadLong());
                if (!Utf8.IsValid(slice))
                    throw Garbled("holds text that is not UTF-8");
                break;
            case ReadAction.Decimal:
                slice = Take(ReadLong());
                break;
            case ReadAction.Symbol:
                var symbol = ReadIndex(now.Symbols.Length, "symbol");
                slice = now.Symbols[symbol] ?? throw Garbled($"holds the symbol '{((AvroEnum)now.Writer!).Symbols[symbol]}', which {schema.Subject} {schema.Version} does not have");
                break;
            case ReadAction.Default:
                number = now.Default!.Number;
                slice = now.Default.Bytes;
                break;
            default:
                throw Garbled($"holds {now.Writer}, which {schema.Subject} {schema.Version} cannot take");
        }
    }

    private long ReadMilliseconds()
    {
        var milliseconds = ReadLong();
        var microseconds = unchecked(milliseconds * MicrosecondsPerMillisecond);
        return microseconds / MicrosecondsPerMillisecond == milliseconds ? microseconds : throw Garbled("holds a moment that is out of range");
    }

    private int ReadIndex(int count, string what)
    {
        var index = ReadLong();
        return index >= 0 && index < count ? (int)index : throw Garbled($"holds a {what} that its schema does not have");
    }

    private void Skip(AvroType type)
    {
        switch (type)
        {
            case AvroUnion union:
                Skip(union.Branches[ReadIndex(union.Branches.Length, "union branch")]);
                break;
            case AvroRecord record:
                // Records inside records may be nested by the bytes, as deep as they please.
                if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
                    throw Garbled("is nested too deeply");
                foreach (var field in record.Fields)
                    Skip(field.Type);
                break;
            case AvroArray array:
                SkipBlocks(array.Items, hasKeys: false);
                break;
            case AvroMap map:
                SkipBlocks(map.Values, hasKeys: true);
                break;
            default:
                SkipBare(type);
                break;
        }
    }

    private void SkipBare(AvroType type)
    {
        switch (type.Kind)
        {
            case AvroKind.Null:
                break;
            case AvroKind.Boolean:
                Take(1);
                break;
            case AvroKind.Float:
                Take(sizeof(float));
                break;
            case AvroKind.Double:
                Take(sizeof(double));
                break;
            case AvroKind.Bytes or AvroKind.String:
                Take(ReadLong());
                break;
            case AvroKind.Fixed:
                Take(((AvroFixed)type).Size);
                break;
            default:
                ReadLong();
                break;
        }
    }

    /// <summary>Blocks with a count; a negative one is followed by the block's size in bytes, so that it can be skipped whole.</summary>
    private void SkipBlocks(AvroType parts, bool hasKeys)
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
            throw Garbled("is nested too deeply");
        for (var count = ReadLong(); count != 0; count = ReadLong())
        {
            if (count < 0)
            {
                Take(ReadLong());
                continue;
            }

            for (var start = next; count > 0; count--)
            {
                if (hasKeys)
                    Take(ReadLong());
                Skip(parts);
                // Parts without bytes, such as nulls: their count may be anything and costs nothing.
                if (next == start)
                    break;
            }
        }
    }
}
