using System.Diagnostics;
using System.Runtime.Versioning;
using Hub.Tests.Fixtures;
using Xunit;

namespace Hub.Tests.EndToEnd;

/// <summary>What <c>make run</c> says and when, told with a Hub and an upstream that answer from files.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class DemoScriptTests
{
    private const string Complete = "\"asOf\": \"2025-03-01T08:00:00Z\"";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Ready_is_said_once_every_source_is_complete()
    {
        var (said, asked) = await RunAsync(
            Status(Source("streaming", Complete), Source("snapshot", "\"asOf\": null")),
            Status(Source("streaming", Complete), Source("streaming", "\"asOf\":null")),
            Status(Source("streaming", Complete), Source("streaming", Complete)));
        Assert.Equal(3, asked);
        Assert.DoesNotContain("Not every source", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_source_that_cannot_be_read_does_not_hold_back_the_others()
    {
        var (said, asked) = await RunAsync(Status(Source("stopped", "\"asOf\":null"), Source("starting", "\"asOf\":null")), Status(Source("stopped", "\"asOf\":null"), Source("streaming", Complete)));
        Assert.Equal(2, asked);
        Assert.Contains("Not every source can be read", said, StringComparison.Ordinal);
    }

    private static string Source(string state, string asOf) => $$"""{ "source": "s", "state": "{{state}}", "since": "2025-03-01T08:00:00Z", "position": "{\"slot\":\"hub\",\"ids\":{\"t\":1} }", {{asOf}}, "problem": { "code": "HUB3005" } }""";

    private static string Status(params string[] sources) => $$"""{ "sources": [{{string.Join(", ", sources)}}], "groups": [] }""";

    /// <summary>What the script said until Hub was ready, and how often it asked for the status while Hub ran.</summary>
    private static async Task<(string Said, int Asked)> RunAsync(params string[] answers)
    {
        using var folder = new ScratchFolder();
        for (var i = 0; i < answers.Length; i++)
            folder.Write($"answer-{i + 1}", answers[i]);
        var hub = Script(folder, "hub.sh", """
            if [ "$1" = run ]; then : >running; until [ -e stop ]; do sleep 0.05; done; exit 0; fi
            [ -e running ] || exit 3
            echo >>asked
            cat "answer-$(wc -l <asked)"
            """);
        var demo = Script(folder, "demo.sh", "echo HUB_FINANCE_CONNECTION=Host=nowhere; until [ -e stop ]; do sleep 0.05; done");
        using var script = Process.Start(new ProcessStartInfo("bash")
        {
            ArgumentList = { Repository.At("ops", "demo", "run.sh"), hub, demo },
            Environment = { ["HUB_DEMO_DATA"] = folder.Path },
            WorkingDirectory = folder.Path,
            RedirectStandardOutput = true,
        })!;
        var said = new List<string>();
        while (await script.StandardOutput.ReadLineAsync(Cancel) is { } line)
        {
            said.Add(line);
            if (line.Contains("Ctrl-C", StringComparison.Ordinal))
                folder.Write("stop", "");
        }

        await script.WaitForExitAsync(Cancel);
        var text = string.Join('\n', said);
        Assert.Contains("Hub is ready", text, StringComparison.Ordinal);
        return (text, File.ReadAllLines(Path.Combine(folder.Path, "asked")).Length);
    }

    private static string Script(ScratchFolder folder, string name, string text)
    {
        var file = folder.Write(name, $"#!/usr/bin/env bash\ncd \"$(dirname \"$0\")\"\n{text}\n");
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        return file;
    }
}
