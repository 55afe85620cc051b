using System.Buffers.Binary;
using Hub.Core.Index;
using Hub.Core.Ops;
using Hub.Index.Queries;
using Lucene.Net.Search;
using Lucene.Net.Util;

namespace Hub.Index.Lucene;

/// <summary>The last hit of a page: its sort value and uid, bound to the query it belongs to.</summary>
internal static class Cursor
{
    private const byte IsNull = 0;
    private const byte IsScore = 1;
    private const byte IsNumber = 2;
    private const byte IsBytes = 3;

    public static string Write(SearchQuery query, FieldDoc last)
    {
        var uid = (BytesRef)last.Fields[^1];
        var place = new MemoryStream();
        if (last.Fields.Length > 1)
            WriteValue(place, last.Fields[0]);
        place.Write(uid.Bytes, uid.Offset, uid.Length);
        return CursorSeal.Write(query, place.ToArray());
    }

    /// <exception cref="HubException">The cursor is garbled or belongs to another query.</exception>
    public static FieldDoc Read(SearchQuery query, string text, int sortFields)
    {
        var rest = CursorSeal.Read(query, text).AsSpan();
        var fields = new object?[sortFields];
        if (sortFields > 1)
            fields[0] = ReadValue(ref rest);
        fields[^1] = new BytesRef(rest.ToArray());
        return new FieldDoc(int.MaxValue, float.NaN, fields);
    }

    private static void WriteValue(MemoryStream bytes, object? value)
    {
        Span<byte> number = stackalloc byte[8];
        switch (value)
        {
            case J2N.Numerics.Single score:
                bytes.WriteByte(IsScore);
                BinaryPrimitives.WriteInt64BigEndian(number, BitConverter.SingleToInt32Bits(score.ToSingle()));
                bytes.Write(number);
                break;
            case J2N.Numerics.Int64 whole:
                bytes.WriteByte(IsNumber);
                BinaryPrimitives.WriteInt64BigEndian(number, whole.ToInt64());
                bytes.Write(number);
                break;
            case BytesRef keyword:
                bytes.WriteByte(IsBytes);
                BinaryPrimitives.WriteInt64BigEndian(number, keyword.Length);
                bytes.Write(number);
                bytes.Write(keyword.Bytes, keyword.Offset, keyword.Length);
                break;
            default:
                bytes.WriteByte(IsNull);
                break;
        }
    }

    private static object? ReadValue(ref Span<byte> rest)
    {
        var kind = rest[0];
        rest = rest[1..];
        if (kind == IsNull)
            return null;
        var number = BinaryPrimitives.ReadInt64BigEndian(rest);
        rest = rest[8..];
        if (kind == IsScore)
            return J2N.Numerics.Single.GetInstance(BitConverter.Int32BitsToSingle((int)number));
        if (kind == IsNumber)
            return J2N.Numerics.Int64.GetInstance(number);
        var keyword = new BytesRef(rest[..(int)number].ToArray());
        rest = rest[(int)number..];
        return keyword;
    }
}
