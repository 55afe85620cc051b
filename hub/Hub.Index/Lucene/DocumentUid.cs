using System.Buffers.Binary;
using System.Text;

namespace Hub.Index.Lucene;

/// <summary><c>subject\0id</c> in a buffer that is used again, with the place of the source in it.</summary>
internal readonly record struct DocumentUid(byte[] Bytes, int Length, int SourceStart, int SourceLength)
{
    public ReadOnlySpan<byte> Span => Bytes.AsSpan(0, Length);

    public ReadOnlySpan<byte> Source => Bytes.AsSpan(SourceStart, SourceLength);

    public static byte[] Of(string subject, string id) => Encoding.UTF8.GetBytes($"{subject}\0{id}");

    /// <summary>The id behind the subject.</summary>
    public static string IdOf(ReadOnlySpan<byte> uid) => Encoding.UTF8.GetString(uid[(uid.IndexOf((byte)0) + 1)..]);

    public static string SubjectOf(ReadOnlySpan<byte> uid) => Encoding.UTF8.GetString(uid[..uid.IndexOf((byte)0)]);

    /// <summary>A well-mixed 64-bit number of the bytes (multiply and fold, as wyhash does). Not kept anywhere.</summary>
    public static ulong Hash(ReadOnlySpan<byte> bytes)
    {
        const ulong A = 0xa0761d6478bd642f;
        const ulong B = 0xe7037ed1a0b428db;
        var hash = A ^ (ulong)bytes.Length;
        while (bytes.Length >= 8)
        {
            hash = Fold(hash ^ BinaryPrimitives.ReadUInt64LittleEndian(bytes), B);
            bytes = bytes[8..];
        }

        ulong rest = 0;
        foreach (var part in bytes)
            rest = (rest << 8) | part;
        return Fold(Fold(hash ^ rest, B), A);
    }

    private static ulong Fold(ulong left, ulong right)
    {
        var high = Math.BigMul(left, right, out var low);
        return high ^ low;
    }
}
