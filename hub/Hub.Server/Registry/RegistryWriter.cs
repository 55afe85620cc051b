using System.Globalization;
using Hub.Core.Sources;

namespace Hub.Server.Registry;

/// <summary>Collects the changes of one decision and gives ids to what is new.</summary>
internal sealed class RegistryWriter(int lastId)
{
    public List<RegistryChange> Changes { get; } = [];

    public int LastId { get; private set; } = lastId;

    public int NextId() => ++LastId;
}

/// <summary>How far the registry has counted: changes, and ids, which are never given twice, also when what had them is gone for good.</summary>
internal readonly record struct RegistryPosition(long Sequence, int LastId)
{
    public static RegistryPosition Of(SourcePosition? position)
    {
        if (position is not { } given)
            return new(0, RegistryState.FirstClientId - 1);
        var dash = given.Text.IndexOf('-', StringComparison.Ordinal);
        return new(long.Parse(given.Text.AsSpan(0, dash), CultureInfo.InvariantCulture), int.Parse(given.Text.AsSpan(dash + 1), CultureInfo.InvariantCulture));
    }

    public SourcePosition ToSourcePosition() => new(string.Create(CultureInfo.InvariantCulture, $"{Sequence}-{LastId}"));
}
