using System.Collections;
using System.Text;
using Spectre.Console;

namespace Hub.Cli;

/// <summary>Where a command writes and what it may ask of its surroundings; tests bring their own.</summary>
/// <param name="Console">For bars and styles, over <paramref name="Output"/>.</param>
/// <param name="Interactive">Whether somebody watches, so that a bar may be redrawn.</param>
public sealed record Terminal(TextWriter Output, TextWriter Error, IAnsiConsole Console, bool Interactive, IDictionary Environment, TimeProvider Time)
{
    public static Terminal OfConsole()
    {
        System.Console.OutputEncoding = new UTF8Encoding(false);
        var interactive = !System.Console.IsOutputRedirected && AnsiConsole.Console.Profile.Capabilities.Interactive;
        return new(
            System.Console.Out, System.Console.Error, AnsiConsole.Console, interactive,
            System.Environment.GetEnvironmentVariables(), TimeProvider.System);
    }

    /// <summary>A terminal over writers, as when the output goes to a file.</summary>
    public static Terminal Of(TextWriter output, TextWriter error, IDictionary environment, TimeProvider time)
        => new(output, error, AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, Out = new AnsiConsoleOutput(output) }), false, environment, time);
}
