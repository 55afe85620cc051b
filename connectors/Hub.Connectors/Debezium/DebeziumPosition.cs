using System.Text.Json;
using System.Text.Json.Serialization;
using Hub.Core.Sources;

namespace Hub.Connectors.Debezium;

/// <summary>How far a partition is read.</summary>
/// <param name="Next">The offset of the next record.</param>
/// <param name="Floor">The highest version of a snapshot row: what follows in the partition is not older, whatever its own version says.</param>
/// <param name="Highest">The highest version: that of a delete which says none.</param>
/// <param name="Newest">The latest moment of a change, in microseconds since 1970 UTC.</param>
/// <param name="FirstEnd">Where the partition ended when its first reading began; 0 once that is passed.</param>
/// <param name="Deleted">The key that the record before deleted; its tombstone follows, which says nothing new.</param>
public readonly record struct PartitionPlace(long Next, long Floor = 0, long Highest = 0, long Newest = 0, long FirstEnd = 0, byte[]? Deleted = null);

/// <summary>A topic as far as it is read.</summary>
/// <param name="Id">The topic's id; another one means that the topic was made anew. Null where the broker does not tell.</param>
public sealed record TopicPlace(string? Id, PartitionPlace[] Partitions);

/// <summary>Where a Debezium source is: the next offset of every partition, and what versions need to be told by.</summary>
public sealed record DebeziumPosition(Dictionary<string, TopicPlace> Topics)
{
    public SourcePosition ToSourcePosition() => new(JsonSerializer.Serialize(this, DebeziumPositionJson.Default.DebeziumPosition));

    /// <exception cref="FormatException">The text is not a position of this source.</exception>
    public static DebeziumPosition Parse(SourcePosition position)
    {
        try
        {
            return JsonSerializer.Deserialize(position.Text, DebeziumPositionJson.Default.DebeziumPosition) is { Topics: not null } place
                ? place
                : throw new FormatException("The saved position is empty.");
        }
        catch (JsonException failure)
        {
            throw new FormatException($"The saved position is not one of a Debezium source: {position.Text}", failure);
        }
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault)]
[JsonSerializable(typeof(DebeziumPosition))]
internal sealed partial class DebeziumPositionJson : JsonSerializerContext;
