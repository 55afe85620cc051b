using System.Text.Json;
using Hub.Core.Log;
using Hub.Core.Records;
using Hub.Core.Sources;

namespace Hub.Log.Kafka;

/// <summary>The value of a checkpoint's record: <c>{"position": …, "completeAsOf": microseconds since 1970 UTC}</c>. The form never changes.</summary>
internal static class CheckpointCodec
{
    public static byte[] Write(Checkpoint checkpoint)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WriteString("position", checkpoint.Position.Text);
            if (checkpoint.CompleteAsOf is { } moment)
                json.WriteNumber("completeAsOf", Microseconds.Of(moment));
            json.WriteEndObject();
        }

        return stream.ToArray();
    }

    /// <exception cref="JsonException">The bytes are no checkpoint.</exception>
    public static Checkpoint Read(string source, ReadOnlyMemory<byte> value)
    {
        using var json = JsonDocument.Parse(value);
        var root = json.RootElement;
        return new(
            source, new SourcePosition(root.GetProperty("position").GetString() ?? throw new JsonException("The position is null.")),
            root.TryGetProperty("completeAsOf", out var moment) ? Microseconds.ToMoment(moment.GetInt64()) : null);
    }
}
