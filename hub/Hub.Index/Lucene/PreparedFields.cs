using Hub.Index.Documents;
using Hub.Index.Queries;
using Lucene.Net.Analysis;
using Lucene.Net.Documents;
using Lucene.Net.Index;
using Lucene.Net.Util;

namespace Hub.Index.Lucene;

/// <summary>A field that is filled again for each document. Lucene's own fields box numbers and take strings; these take bytes.</summary>
internal abstract class PreparedField(string name, FieldType type) : IIndexableField
{
    public string Name { get; } = name;

    public IIndexableFieldType IndexableFieldType { get; } = type;

    public float Boost => 1f;

    public virtual NumericFieldType NumericType => NumericFieldType.NONE;

    public virtual BytesRef? GetBinaryValue() => null;

    public virtual long? GetInt64Value() => null;

    public virtual TokenStream? GetTokenStream(Analyzer analyzer) => null;

    public object? GetNumericValue() => GetInt64Value();

    public string? GetStringValue() => null;

    public string? GetStringValue(IFormatProvider? provider) => null;

    public string? GetStringValue(string? format) => null;

    public string? GetStringValue(string? format, IFormatProvider? provider) => null;

    public TextReader? GetReaderValue() => null;

    public byte? GetByteValue() => null;

    public short? GetInt16Value() => null;

    public int? GetInt32Value() => null;

    public float? GetSingleValue() => null;

    public double? GetDoubleValue() => null;

    protected static FieldType Exact(DocValuesType docValues) => new()
    {
        IsIndexed = true, IsTokenized = false, OmitNorms = true, IndexOptions = IndexOptions.DOCS_ONLY, DocValueType = docValues,
    };
}

/// <summary>Bytes as one term and, if wished, as a doc value.</summary>
internal sealed class ExactField : PreparedField
{
    /// <summary>Lucene's longest term.</summary>
    public const int MaxBytes = 32_766;

    private readonly BytesRef value = new();
    private readonly TermStream stream;

    public ExactField(string name, DocValuesType docValues) : base(name, Exact(docValues)) => stream = new TermStream(value);

    public void Set(byte[] bytes, int offset, int length)
    {
        value.Bytes = bytes;
        value.Offset = offset;
        value.Length = length;
    }

    public void Set(byte[] bytes) => Set(bytes, 0, bytes.Length);

    public override BytesRef GetBinaryValue() => value;

    public override TokenStream GetTokenStream(Analyzer analyzer) => stream;
}

/// <summary>A whole number as trie terms, for ranges, and as a doc value, for sorting.</summary>
internal sealed class NumberField(string name, bool indexed) : PreparedField(name, indexed ? Indexed : DocValueOnly)
{
    /// <summary>Four terms a value: ranges stay short and writing stays cheap.</summary>
    public const int PrecisionStep = 16;

    private static readonly FieldType Indexed = Exact(DocValuesType.NUMERIC);
    private static readonly FieldType DocValueOnly = new() { DocValueType = DocValuesType.NUMERIC };

    private readonly NumericTokenStream stream = new(PrecisionStep);
    private long value;

    public void Set(long number)
    {
        value = number;
        stream.SetInt64Value(number);
    }

    public override NumericFieldType NumericType => NumericFieldType.INT64;

    public override long? GetInt64Value() => value;

    public override TokenStream GetTokenStream(Analyzer analyzer) => stream;
}

/// <summary>Bytes that are stored and nothing else.</summary>
internal sealed class StoredBytesField(string name) : PreparedField(name, Stored)
{
    private static readonly FieldType Stored = new() { IsStored = true };

    private readonly BytesRef value = new();

    public void Set(byte[] bytes, int offset, int length)
    {
        value.Bytes = bytes;
        value.Offset = offset;
        value.Length = length;
    }

    public override BytesRef GetBinaryValue() => value;
}

/// <summary>Texts that were analyzed before, one after another with a gap between them.</summary>
internal sealed class WordsField(string name) : PreparedField(name, Words)
{
    private static readonly FieldType Words = new()
    {
        IsIndexed = true, IsTokenized = true, IndexOptions = IndexOptions.DOCS_AND_FREQS_AND_POSITIONS,
    };

    private readonly ReplayStream stream = new();

    public List<AnalyzedText> Texts => stream.Texts;

    public override TokenStream GetTokenStream(Analyzer analyzer) => stream;
}
