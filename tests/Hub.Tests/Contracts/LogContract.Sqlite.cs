using Hub.Core.Log;
using Hub.Log.Sqlite;

namespace Hub.Tests.Contracts;

public sealed class SqliteLogContractTests : LogContract
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("hub-log-");

    protected override Task<ILog> OpenAsync() => Task.FromResult<ILog>(new SqliteLog(new() { Path = Path.Combine(folder.FullName, "log.db") }));

    protected override ValueTask CleanUpAsync()
    {
        folder.Delete(recursive: true);
        return ValueTask.CompletedTask;
    }
}
