using System.Buffers.Binary;
using Hub.Core.Log;
using Hub.Core.Ops;
using Hub.Log.Sqlite;
using Xunit;
using static Hub.Tests.Contracts.LogContractEntry;

namespace Hub.Tests.Contracts;

/// <summary>The file of the SQLite log: who may open it, and what happens when it is damaged or full.</summary>
public sealed class LogContractSqliteFileTests : IDisposable
{
    private static readonly TopicPartition P0 = new("finance.payment", 0);
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("hub-log-");

    private string FilePath => Path.Combine(folder.FullName, "data", "log.db");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => folder.Delete(recursive: true);

    [Fact]
    public async Task A_second_opener_is_refused_until_the_first_has_closed()
    {
        await using (new SqliteLog(new() { Path = FilePath }))
            Assert.Equal(Codes.DataFolderInUse, CodeOf(() => new SqliteLog(new() { Path = FilePath })));
        await using var log = new SqliteLog(new() { Path = FilePath });
    }

    [Fact]
    public async Task A_copy_taken_while_the_log_is_open_holds_all_that_was_durable()
    {
        var copy = Path.Combine(folder.FullName, "copy.db");
        await using (var log = await OpenAsync())
        {
            for (var number = 0; number < 50; number++)
                await log.AppendAsync(Batch(new LogContractEntry(P0, "a", $"{number}")), new("finance", new($"{number}")), Token);
            File.Copy(FilePath, copy);
            File.Copy(FilePath + "-wal", copy + "-wal");
        }

        await using var copied = new SqliteLog(new() { Path = copy });
        Assert.Equal(50, (await ReadAsync(copied)).Count);
        Assert.Equal("49", (await copied.ReadCheckpointAsync("finance", Token))!.Checkpoint.Position.Text);
        Assert.Equal(51, (await copied.AppendAsync(Batch(new LogContractEntry(P0, "a", "50")), null, Token))[P0]);
    }

    [Fact]
    public async Task A_copy_whose_last_append_is_torn_holds_all_before_it()
    {
        var copy = Path.Combine(folder.FullName, "copy.db");
        await using (var log = await OpenAsync())
        {
            await log.AppendAsync(Batch(new LogContractEntry(P0, "a", "1")), new("finance", new("1")), Token);
            await log.AppendAsync(Batch(new LogContractEntry(P0, "a", new('x', 100_000))), new("finance", new("2")), Token);
            File.Copy(FilePath, copy);
            await File.WriteAllBytesAsync(copy + "-wal", (await ReadSharedAsync(FilePath + "-wal"))[..^20_000], Token);
        }

        await using var copied = new SqliteLog(new() { Path = copy });
        Assert.Equal("1", Assert.Single(await ReadAsync(copied)).Value);
        Assert.Equal("1", (await copied.ReadCheckpointAsync("finance", Token))!.Checkpoint.Position.Text);
        Assert.Equal(2, (await copied.AppendAsync(Batch(new LogContractEntry(P0, "a", "2")), null, Token))[P0]);
    }

    [Fact]
    public async Task A_changed_byte_of_an_entry_is_found_and_said()
    {
        await using (var log = await OpenAsync())
            await log.AppendAsync(Batch(new(P0, "a", "1"), new(P0, "b", "the needle")), null, Token);
        await ChangeFileAsync(bytes => bytes[bytes.AsSpan().IndexOf("needle"u8)] ^= 1);

        await using var damaged = new SqliteLog(new() { Path = FilePath });
        var failure = await Assert.ThrowsAsync<HubException>(() => ReadAsync(damaged));
        var finding = Assert.Single(failure.Findings);
        Assert.Equal((Codes.LogDamaged, P0.ToString()), (finding.Code, finding.Place));
        Assert.Contains("offset 1", finding.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reader_gets_what_stands_before_the_damage_and_no_further()
    {
        await using (var log = await OpenAsync())
        {
            await log.AppendAsync(Batch(new LogContractEntry(P0, "a", "1")), null, Token);
            await log.AppendAsync(Batch(new LogContractEntry(P0, "b", "the needle")), null, Token);
        }

        await ChangeFileAsync(bytes => bytes[bytes.AsSpan().IndexOf("needle"u8)] ^= 1);
        await using var damaged = new SqliteLog(new() { Path = FilePath });
        await using var reader = await damaged.OpenReaderAsync("index", [P0.Topic], null, Token);
        var batch = new LogBatch();
        await reader.ReadAsync(batch, 1_000_000, Timeout.InfiniteTimeSpan, Token);
        Assert.Equal("1", Assert.Single(In(batch)).Value);
        await Assert.ThrowsAsync<HubException>(async () => await reader.ReadAsync(batch, 1_000_000, Timeout.InfiniteTimeSpan, Token));
        Assert.Equal(1, reader.NextOffsets[P0]);
    }

    [Fact]
    public async Task A_file_with_lost_pages_is_refused_as_damaged()
    {
        await (await OpenAsync()).DisposeAsync();
        await ChangeFileAsync(bytes => bytes.AsSpan(16384).Fill(0xA5));
        Assert.Equal(Codes.LogDamaged, CodeOf(() => new SqliteLog(new() { Path = FilePath })));
    }

    [Fact]
    public async Task A_file_of_another_program_is_refused_and_left_as_it_is()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(FilePath)!);
        var text = string.Concat(Enumerable.Repeat("This is not a log. ", 100));
        await File.WriteAllTextAsync(FilePath, text, Token);
        Assert.Equal(Codes.SettingInvalid, CodeOf(() => new SqliteLog(new() { Path = FilePath })));
        Assert.Equal(text, await File.ReadAllTextAsync(FilePath, Token));
    }

    [Fact]
    public async Task A_database_of_another_program_is_refused()
    {
        const int ApplicationIdAt = 68;
        await (await OpenAsync()).DisposeAsync();
        await ChangeFileAsync(bytes => BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(ApplicationIdAt), 1));
        Assert.Equal(Codes.SettingInvalid, CodeOf(() => new SqliteLog(new() { Path = FilePath })));
    }

    [Fact]
    public async Task A_log_of_a_newer_format_is_refused()
    {
        const int UserVersionAt = 60;
        await (await OpenAsync()).DisposeAsync();
        await ChangeFileAsync(bytes => BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(UserVersionAt), 2));
        var failure = Assert.Throws<HubException>(() => new SqliteLog(new() { Path = FilePath }));
        Assert.Contains("newer Hub", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_append_that_finds_the_disk_full_writes_nothing_and_a_later_one_works()
    {
        await (await OpenAsync()).DisposeAsync();
        await using (var log = new SqliteLog(new() { Path = FilePath, MaxFileBytes = 1_000_000 }))
        {
            await log.AppendAsync(Batch(new LogContractEntry(P0, "a", "1")), new("finance", new("1")), Token);
            var large = Batch(Enumerable.Range(0, 10).Select(number => new LogContractEntry(P0, $"{number}", new('x', 200_000))));
            await Assert.ThrowsAsync<IOException>(async () => await log.AppendAsync(large, new("finance", new("2")), Token));
            Assert.Equal("1", (await log.ReadCheckpointAsync("finance", Token))!.Checkpoint.Position.Text);
            Assert.Equal(2, (await log.AppendAsync(Batch(new LogContractEntry(P0, "a", "2")), new("finance", new("3")), Token))[P0]);
        }

        await using var reopened = new SqliteLog(new() { Path = FilePath });
        Assert.Equal([("1", 0L), ("2", 1L)], (await ReadAsync(reopened)).Select(entry => (entry.Value!, entry.Offset)));
    }

    [Fact]
    public async Task A_reader_that_is_ahead_of_the_log_is_refused()
    {
        await using var log = await OpenAsync();
        var start = new Dictionary<TopicPartition, long> { [P0] = 1 };
        var failure = await Assert.ThrowsAsync<HubException>(async () => await log.OpenReaderAsync("index", [P0.Topic], start, Token));
        Assert.Equal(Codes.LogDamaged, failure.Findings[0].Code);
    }

    [Fact]
    public async Task Closing_the_log_ends_a_waiting_reader()
    {
        var log = await OpenAsync();
        await using var reader = await log.OpenReaderAsync("index", [P0.Topic], null, Token);
        var reading = reader.ReadAsync(new(), 1_000, Timeout.InfiniteTimeSpan, Token).AsTask();
        await log.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => reading);
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await log.AppendAsync(new(), null, Token));
    }

    private async Task<SqliteLog> OpenAsync()
    {
        var log = new SqliteLog(new() { Path = FilePath });
        await log.EnsureTopicAsync(P0.Topic, 1, Token);
        return log;
    }

    private static async Task<List<LogContractEntry>> ReadAsync(SqliteLog log)
    {
        await using var reader = await log.OpenReaderAsync("index", [P0.Topic], null, Token);
        return await ReadAllAsync(reader, await log.AppendAsync(new(), null, Token), 1_000_000, Token);
    }

    private static string CodeOf(Func<SqliteLog> open) => Assert.Throws<HubException>(open).Findings[0].Code;

    private async Task ChangeFileAsync(Action<byte[]> change)
    {
        var bytes = await File.ReadAllBytesAsync(FilePath, Token);
        change(bytes);
        await File.WriteAllBytesAsync(FilePath, bytes, Token);
    }

    private static async Task<byte[]> ReadSharedAsync(string path)
    {
        await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var bytes = new byte[file.Length];
        await file.ReadExactlyAsync(bytes, Token);
        return bytes;
    }
}
