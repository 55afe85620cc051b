using System.Globalization;

namespace Hub.Demo;

/// <summary>What the command line asks for.</summary>
internal sealed record DemoArguments(string Command, string Data)
{
    public int? Port { get; private init; }

    public int Scale { get; private init; } = 20_000;

    public double Rate { get; private init; } = 5;

    /// <summary>Null when the words make no sense.</summary>
    public static DemoArguments? Parse(string[] words)
    {
        if (words is not [("up" or "check") and var command, .. var rest] || rest.Length % 2 != 0)
            return null;

        var arguments = new DemoArguments(command, "");
        for (var index = 0; index < rest.Length; index += 2)
        {
            if (arguments.With(rest[index], rest[index + 1]) is not { } next)
                return null;
            arguments = next;
        }
        return arguments.Data.Length == 0 ? null : arguments;
    }

    private DemoArguments? With(string name, string value) => name switch
    {
        "--data" => this with { Data = value },
        "--port" when Number(value) is > 0 and < 65_536 and var port => this with { Port = (int)port },
        "--scale" when Number(value) is >= 1_000 and <= 100_000_000 and var scale => this with { Scale = (int)scale },
        "--rate" when Number(value) is > 0 and <= 1_000_000 and var rate => this with { Rate = rate },
        _ => null,
    };

    private static double? Number(string value)
        => double.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) ? number : null;
}
