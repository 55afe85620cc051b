using System.CommandLine;
using System.Text.Json;
using Hub.Core.Schemas;
using Hub.Core.Schemas.Registry;
using Hub.Server.Hosting;

namespace Hub.Cli;

/// <summary>What <c>--json</c> prints for a version in a registry.</summary>
public sealed record RegisteredVersionView(string Subject, int Version, int Id);

internal static class SchemasRegisterCommand
{
    public static Command Create(Terminal terminal, CommonOptions common)
    {
        var registry = new RegistryOption(common);
        var command = new Command(
            "register",
            "Register every version of every subject, oldest first, and show the ids that the registry gave. What is there already stays as it is.\n\nExample:\n  hub schemas register --registry http://registry:8081")
        {
            registry.Option,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var catalog = SchemaFolder.Load(common.Read(parsed).SchemasFolder);
            using var session = registry.Open(parsed);
            var registered = await new CatalogRegistration(session.Client, register: true).RunAsync(catalog, cancellationToken);
            Write([.. registered.Versions.Select(schema => new RegisteredVersionView(schema.Subject, schema.Version, schema.Id))
                .OrderBy(version => version.Subject, StringComparer.Ordinal).ThenBy(version => version.Version)], terminal.Output, parsed.GetValue(common.Json));
            return ExitCodes.Ok;
        });
        return command;
    }

    private static void Write(IReadOnlyList<RegisteredVersionView> versions, TextWriter output, bool json)
    {
        if (json)
        {
            output.WriteLine(JsonSerializer.Serialize(versions, ApiJson.Options));
            return;
        }

        foreach (var version in versions)
            output.WriteLine($"{version.Subject} {version.Version}: id {version.Id}");
        output.WriteLine($"The registry holds all {versions.Count} versions.");
    }
}
