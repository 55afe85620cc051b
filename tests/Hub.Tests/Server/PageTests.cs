using System.Diagnostics;
using Hub.Core.Ops;
using Hub.Tests.Fixtures;
using Xunit;

namespace Hub.Tests.Server;

/// <summary>The page in a real browser: what it shows of what the API says.</summary>
public sealed class PageTests(ServerFixture server) : IClassFixture<ServerFixture>
{
    private static readonly string[] Places = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

    [Fact]
    public async Task Records_that_nothing_keeps_up_to_date_say_so_and_so_does_the_top_of_the_page()
    {
        server.State.IsKept = (_, subject) => subject != "finance.paymentDetail";
        server.State.Findings = _ => new([new(Codes.RecordsLeft, Severity.Warning, "finance.paymentDetail", "no table of the source 'finance' fills it any more <b>.", "Put the table back.")]);

        var page = await ShownAsync("#subject=finance.paymentDetail");
        Assert.Contains("支付工程款 &lt;b&gt;", page, StringComparison.Ordinal);
        Assert.Equal(2, page.Split("不再更新：数据源的定义里已没有它的表").Length - 1);
        Assert.Contains("有记录不再更新：支付明细（HUB4008）", page, StringComparison.Ordinal);
        Assert.Contains("fills it any more &lt;b&gt;.", page, StringComparison.Ordinal);

        page = await ShownAsync("#subject=finance.agency");
        Assert.Contains("惠山区教育局", page, StringComparison.Ordinal);
        Assert.DoesNotContain("不再更新：数据源", page, StringComparison.Ordinal);

        // Two hits, and the record above them, which says nothing of how fresh it is.
        page = await ShownAsync("#record=finance.paymentDetail/finance:D2");
        Assert.Equal(3, page.Split("不再更新：数据源的定义里已没有它的表").Length - 1);
        Assert.DoesNotContain("数据截至", page[page.IndexOf("<dialog", StringComparison.Ordinal)..], StringComparison.Ordinal);
    }

    /// <summary>What the browser has made of the page.</summary>
    private async Task<string> ShownAsync(string hash)
    {
        var browser = Places.FirstOrDefault(File.Exists);
        if (browser is null)
            Assert.Skip($"There is no browser here: install chromium ({string.Join(", ", Places)}).");
        using var folder = new ScratchFolder();
        var start = new ProcessStartInfo(browser)
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
            ArgumentList =
            {
                "--headless=new", "--no-sandbox", "--disable-gpu", "--no-proxy-server", $"--user-data-dir={folder.Path}", "--window-size=1280,1000", "--virtual-time-budget=8000", "--dump-dom", $"{server.Address}{hash}",
            },
        };
        using var process = Process.Start(start)!;
        try
        {
            var errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            var shown = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.True(shown.Length > 0, await errors);
            return shown;
        }
        finally
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
        }
    }
}
