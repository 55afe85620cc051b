using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Hub.Core.Sources;

namespace Hub.Connectors.Postgres;

/// <summary>What a PostgreSQL source is at.</summary>
public enum PostgresPhase
{
    /// <summary>It is about to create its slot; nothing was read.</summary>
    CreatingSlot,

    /// <summary>The first full read runs.</summary>
    Snapshot,

    Streaming,
}

/// <summary>
/// Everything before (commit LSN, index in the transaction) is done. During the first full read, also how far it is.
/// </summary>
/// <param name="System">The server's system identifier: another server is another source.</param>
/// <param name="Timeline">The server's timeline: it changes when a standby is promoted or a backup restored.</param>
/// <param name="SlotStart">The slot's restart LSN when it was created: the version of every row of the first full read.</param>
/// <param name="CommitLsn">The commit of the transaction that is under way, or the end of the last one that is done.</param>
/// <param name="Index">How many changes of the transaction under way are done.</param>
/// <param name="Done">The tables whose first full read is done.</param>
/// <param name="Table">The table being read by the first full read.</param>
/// <param name="LastKey">The key of the last row read of that table, as text.</param>
/// <param name="KeyOrder">How that table sorts by its key; where that changes, the key does not tell any more which rows were read.</param>
/// <param name="Ids">The server's ids of the tables: a table dropped and made again is another one.</param>
public sealed record PostgresPosition(
    string System, uint Timeline, string Slot, PostgresPhase Phase, ulong SlotStart = 0, ulong CommitLsn = 0, int Index = 0,
    string? Table = null, string[]? LastKey = null, long RowsRead = 0, string[]? Done = null,
    Dictionary<string, uint>? Ids = null, string? KeyOrder = null)
{
    /// <summary>The length of an entry's position as text.</summary>
    public const int EntryLength = 25;

    public SourcePosition ToSourcePosition() => new(JsonSerializer.Serialize(this, PostgresPositionJson.Default.PostgresPosition));

    /// <exception cref="FormatException">The text is not a position of this source.</exception>
    public static PostgresPosition Parse(SourcePosition position)
    {
        try
        {
            return JsonSerializer.Deserialize(position.Text, PostgresPositionJson.Default.PostgresPosition)
                ?? throw new FormatException("The saved position is empty.");
        }
        catch (JsonException failure)
        {
            throw new FormatException($"The saved position is not one of a PostgreSQL source: {position.Text}", failure);
        }
    }

    /// <summary>Writes the place of one change, <c>CommitLsn-Index</c>, which sorts as it compares.</summary>
    public static void FormatEntry(Span<byte> destination, ulong commitLsn, int index)
    {
        commitLsn.TryFormat(destination, out _, "X16", CultureInfo.InvariantCulture);
        destination[16] = (byte)'-';
        index.TryFormat(destination[17..], out _, "D8", CultureInfo.InvariantCulture);
    }
}

[JsonSourceGenerationOptions(
    UseStringEnumConverter = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault)]
[JsonSerializable(typeof(PostgresPosition))]
internal sealed partial class PostgresPositionJson : JsonSerializerContext;
