using Hub.Index.Documents;
using Hub.Index.Queries;
using Lucene.Net.Analysis;
using Lucene.Net.Analysis.TokenAttributes;
using Lucene.Net.Util;
using LuceneAttribute = Lucene.Net.Util.Attribute;

namespace Hub.Index.Lucene;

/// <summary>A term that points at bytes kept elsewhere.</summary>
internal sealed class TermBytesAttribute(BytesRef bytes) : LuceneAttribute, ITermToBytesRefAttribute
{
    public BytesRef BytesRef => bytes;

    public void FillBytesRef()
    {
        // The bytes are in place before the token is handed out.
    }

    public override void Clear()
    {
        // The stream sets the bytes for each token.
    }

    public override void CopyTo(IAttribute target) => throw new NotSupportedException("A prepared term is not copied.");
}

/// <summary>One token: the bytes that the field points at.</summary>
internal sealed class TermStream : TokenStream
{
    private bool handedOut;

    public TermStream(BytesRef bytes) => AddAttributeImpl(new TermBytesAttribute(bytes));

    public override void Reset() => handedOut = false;

    public override bool IncrementToken()
    {
        if (handedOut)
            return false;
        // The end of the stream left its marks in the attributes.
        ClearAttributes();
        handedOut = true;
        return true;
    }
}

/// <summary>The tokens of texts that were analyzed before.</summary>
internal sealed class ReplayStream : TokenStream
{
    /// <summary>A phrase does not reach from one field into the next.</summary>
    private const int Gap = 100;

    private readonly BytesRef term = new();
    private readonly IPositionIncrementAttribute increment;
    private int text;
    private int token;

    public ReplayStream()
    {
        AddAttributeImpl(new TermBytesAttribute(term));
        increment = AddAttribute<IPositionIncrementAttribute>();
    }

    public List<AnalyzedText> Texts { get; } = [];

    public override void Reset()
    {
        text = 0;
        token = 0;
    }

    public override bool IncrementToken()
    {
        while (text < Texts.Count && token == Texts[text].Count)
        {
            text++;
            token = 0;
        }

        if (text == Texts.Count)
            return false;
        ClearAttributes();
        increment.PositionIncrement = Texts[text].Read(token, term) + (token == 0 && text > 0 ? Gap : 0);
        token++;
        return true;
    }
}
