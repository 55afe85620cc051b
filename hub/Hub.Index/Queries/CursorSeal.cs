using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;
using Hub.Core.Index;
using Hub.Core.Ops;

namespace Hub.Index.Queries;

/// <summary>Binds the place where a page ended to the query it belongs to: neither can change unnoticed.</summary>
internal static class CursorSeal
{
    private const int Size = 8;

    public static string Write(SearchQuery query, ReadOnlySpan<byte> place) => Base64Url.EncodeToString([.. Seal(query, place), .. place]);

    /// <exception cref="HubException">The cursor is garbled or belongs to another query.</exception>
    public static byte[] Read(SearchQuery query, string cursor)
    {
        try
        {
            var bytes = Base64Url.DecodeFromChars(cursor).AsSpan();
            if (bytes.Length > Size && Seal(query, bytes[Size..]).SequenceEqual(bytes[..Size]))
                return bytes[Size..].ToArray();
        }
        catch (FormatException)
        {
            // No cursor at all.
        }

        throw QueryFault.Of(Codes.QueryCursor, "The cursor does not belong to this query.", "Send the cursor of the page before with the same text, subjects, filters and sort, or start without a cursor.");
    }

    /// <summary>Over what decides on the order of hits.</summary>
    private static Span<byte> Seal(SearchQuery query, ReadOnlySpan<byte> place)
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
        return hash.GetHashAndReset().AsSpan(0, Size);
    }
}
