using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;
using Hub.Core.Index;
using Hub.Core.Ops;
using Lucene.Net.Search;
using Lucene.Net.Util;

namespace Hub.Index.Lucene;

/// <summary>The last hit of a page: its sort value and uid, bound to the query it belongs to.</summary>
internal static class Cursor
{
    private const int SealSize = 8;
    private const byte IsNull = 0;
    private const byte IsScore = 1;
    private const byte IsNumber = 2;
    private const byte IsBytes = 3;

    public static string Write(SearchQuery query, FieldDoc last)
    {
        var uid = (BytesRef)last.Fields[^1];
        var bytes = new MemoryStream();
        bytes.Write(stackalloc byte[SealSize]);
        if (last.Fields.Length > 1)
            WriteValue(bytes, last.Fields[0]);
        bytes.Write(uid.Bytes, uid.Offset, uid.Length);
        var cursor = bytes.ToArray();
        Seal(query, cursor.AsSpan(SealSize)).CopyTo(cursor);
        return Base64Url.EncodeToString(cursor);
    }

    /// <exception cref="HubException">The cursor is garbled or belongs to another query.</exception>
    public static FieldDoc Read(SearchQuery query, string text, int sortFields)
    {
        byte[] bytes;
        try
        {
            bytes = Base64Url.DecodeFromChars(text);
        }
        catch (FormatException)
        {
            throw Foreign();
        }

        if (bytes.Length <= SealSize || !Seal(query, bytes.AsSpan(SealSize)).AsSpan().SequenceEqual(bytes.AsSpan(0, SealSize)))
            throw Foreign();

        var rest = bytes.AsSpan(SealSize);
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

    /// <summary>What decides on the order of hits, and the place: neither can change unnoticed.</summary>
    private static byte[] Seal(SearchQuery query, ReadOnlySpan<byte> place)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(JsonSerializer.SerializeToUtf8Bytes(new
        {
            query.Text,
            Subjects = query.Subjects.Order(StringComparer.Ordinal),
            Filters = query.Filters.Select(filter => (object)filter),
            query.Sort,
        }));
        hash.AppendData(place);
        return hash.GetHashAndReset()[..SealSize];
    }

    private static HubException Foreign()
        => QueryFault.Of(Codes.QueryCursor, "The cursor does not belong to this query.", "Send the cursor of the page before with the same text, subjects, filters and sort, or start without a cursor.");
}
