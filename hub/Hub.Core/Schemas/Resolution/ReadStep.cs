using Hub.Core.Schemas.Types;

namespace Hub.Core.Schemas.Resolution;

/// <summary>What one step of a plan does with the bytes that come next.</summary>
internal enum ReadAction
{
    /// <summary>The reader does not have the field.</summary>
    Skip,

    /// <summary>The value is null, or the default is.</summary>
    Null,

    /// <summary>The reader has no place for what this branch of a union holds.</summary>
    Refuse,

    Boolean,
    Int,
    Long,

    /// <summary>Milliseconds, which become microseconds.</summary>
    Milliseconds,

    /// <summary>UTF-8, which is checked: the writer is not ours, or wrote bytes.</summary>
    Text,

    Decimal,

    /// <summary>A symbol's number among those of the writer.</summary>
    Symbol,

    /// <summary>The branch says which step follows.</summary>
    Union,

    /// <summary>Nothing is read.</summary>
    Default,
}

/// <summary>One step over the bytes of a writer: a field that the reader has or skips, or one that only the reader has.</summary>
internal sealed class ReadStep(ReadAction action, int ordinal, string name, AvroType? writer)
{
    public ReadAction Action { get; } = action;

    /// <summary>The field's place in the reader's schema; -1 for one that is skipped.</summary>
    public int Ordinal { get; } = ordinal;

    /// <summary>The field's name, for faults.</summary>
    public string Name { get; } = name;

    public AvroType? Writer { get; } = writer;

    public ReadStep[] Branches { get; init; } = [];

    /// <summary>The reader's symbol for each of the writer's; null for one that the reader does not take.</summary>
    public byte[]?[] Symbols { get; init; } = [];

    public FieldDefault? Default { get; init; }
}
