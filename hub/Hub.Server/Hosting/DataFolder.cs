using Hub.Core.Ops;

namespace Hub.Server.Hosting;

/// <summary>The folder that holds the log and the index.</summary>
public static class DataFolder
{
    /// <summary>Makes the folder, unless it is there, and makes sure that Hub may write in it.</summary>
    /// <exception cref="HubException">The setting names a folder that cannot be used.</exception>
    public static void Prepare(HubOptions options)
    {
        try
        {
            Directory.CreateDirectory(options.DataFolder);
            using var probe = new FileStream(
                Path.Combine(options.DataFolder, $".probe-{Guid.NewGuid():N}"), FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 1, FileOptions.DeleteOnClose);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new HubException(
                new Finding(
                    Codes.SettingInvalid, Severity.Error, options.DataPlace, $"data: Hub cannot keep its log and index in '{options.DataFolder}': {failure.Message}",
                    "Name a folder that this user may write in, on a disk with room."),
                failure);
        }
    }
}
