using System.Net.Sockets;
using Hub.Core.Ops;
using Npgsql;

namespace Hub.Connectors.Postgres;

/// <summary>Sorts what PostgreSQL and its driver throw: once, here. What it cannot name stays as it is and counts as transient.</summary>
internal static class PostgresFailures
{
    public static HubException? Explain(Exception failure, PostgresSourceOptions options, PostgresConnector connector)
    {
        return failure switch
        {
            PostgresException postgres => Explain(postgres, options, connector),
            NpgsqlException { InnerException: SocketException or TimeoutException or IOException } => Unreachable(failure, failure.InnerException!),
            // A host name that cannot be resolved is not wrapped by the driver.
            SocketException => Unreachable(failure, failure),
            _ => null,
        };

        HubException Unreachable(Exception failure, Exception reason) => Transient(
            Codes.CannotConnect, options.Place, $"the PostgreSQL server at {connector.Address} does not answer: {reason.Message.TrimEnd('.')}.",
            "Check host and port, that the server runs, and the firewall between.", failure);
    }

    public static HubException KeyColumnGone(string relation, string column) => Stop(
        Codes.MappedColumnGone, relation, $"the column '{column}', part of the document key, is gone upstream.",
        "Change the key in the source definition and start a new generation of the source.");

    public static HubException TableReplaced(string place, string relation) => Stop(
        Codes.SourceReplaced, place, $"the table {relation} was dropped and made again; which rows went with the old one is not in the stream of changes.",
        PostgresChecks.NewGeneration);

    public static HubException IdentityChanged(string relation) => Stop(
        Codes.ReplicaIdentity, relation, "the replica identity was changed upstream, and its changes no longer hold the key of the row.",
        $"ALTER TABLE {relation} REPLICA IDENTITY DEFAULT; {PostgresChecks.NewGeneration}");

    public static HubException SlotForeign(PostgresSourceOptions options, string? problem = null, Exception? cause = null) => Stop(
        Codes.SlotForeign, options.Place, problem ?? $"the slot '{options.Slot}' exists already, and this Hub did not make it.",
        $"If nobody else uses it: SELECT pg_drop_replication_slot('{options.Slot}'); otherwise give this source another slot name. If Hub's data folder was lost, that is how a new generation begins.", cause);

    public static HubException NoFreeSlot(string place, string reason, Exception? cause = null) => Stop(
        Codes.NoFreeSlot, place, $"the server has no free replication slot: {reason}.",
        "Hub needs two while it begins, and then one. Raise max_replication_slots and restart the server, or drop a slot that nobody uses: SELECT slot_name, active FROM pg_replication_slots;", cause);

    public static HubException Stop(string code, string place, string message, string suggestion, Exception? cause = null)
        => new(new Finding(code, Severity.Error, place, message, suggestion), cause);

    public static HubException Transient(string code, string place, string message, string suggestion, Exception? cause = null)
        => new(new Finding(code, Severity.Error, place, message, suggestion), cause) { IsTransient = true };

    private static HubException? Explain(PostgresException failure, PostgresSourceOptions options, PostgresConnector connector)
    {
        var place = options.Place;
        return failure.SqlState switch
        {
            PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification => Stop(
                Codes.LoginRefused, place, $"the server at {connector.Address} refuses the login of '{connector.User}': {failure.MessageText}.",
                "Check user and password of the connection, and pg_hba.conf on the server.", failure),
            PostgresErrorCodes.InvalidCatalogName => Stop(
                Codes.DatabaseMissing, place, $"there is no database '{connector.Database}' at {connector.Address}.", "Check Database of the connection.", failure),
            PostgresErrorCodes.InsufficientPrivilege => Stop(
                Codes.NoSelectRight, place, $"the user '{connector.User}' lacks a right: {failure.MessageText}.",
                $"As an administrator: {PostgresChecks.Grants(options, connector.User)}", failure),
            PostgresErrorCodes.ConfigurationLimitExceeded => NoFreeSlot(place, failure.MessageText, failure),
            PostgresErrorCodes.DuplicateObject when failure.MessageText.Contains($"\"{options.Slot}\"", StringComparison.Ordinal) => SlotForeign(options, cause: failure),
            PostgresErrorCodes.DuplicateObject when failure.MessageText.Contains($"\"{PostgresSlotMaker.DraftName(options.Slot)}\"", StringComparison.Ordinal) => Transient(
                Codes.SlotInUse, place, $"the slot '{options.Slot}' is being made by an earlier start of Hub, or by another Hub: {failure.MessageText}.",
                "Wait until that has ended; if another Hub has this source, give it a slot of its own.", failure),
            PostgresErrorCodes.ObjectInUse => Transient(
                Codes.SlotInUse, place, $"the slot '{options.Slot}' is in use: {failure.MessageText}.",
                "Stop the other reader (another Hub?), or give this source a slot of its own.", failure),
            PostgresErrorCodes.ObjectNotInPrerequisiteState when failure.MessageText.Contains("wal_level", StringComparison.Ordinal)
                => PostgresChecks.WrongWalLevel(place, "lower than logical", failure),
            PostgresErrorCodes.ObjectNotInPrerequisiteState => Stop(
                Codes.SlotLost, place, $"the slot '{options.Slot}' can no longer be read: {failure.MessageText}.", PostgresChecks.NewGeneration, failure),
            // The server reads each change with the catalogue of its time, so a publication made since does not help.
            PostgresErrorCodes.UndefinedObject when failure.MessageText.Contains("publication", StringComparison.Ordinal) => Stop(
                Codes.NoPublication, place, $"there was no publication '{options.Publication}' when a change was made that is still to be read, so the server cannot give it.",
                $"Make the publication again if it is missing. {PostgresChecks.NewGeneration}", failure),
            PostgresErrorCodes.UndefinedColumn => Transient(
                Codes.ColumnMissing, place, $"a column went while its table was read: {failure.MessageText}.", "Hub looks at the table again and goes on by itself.", failure),
            PostgresErrorCodes.UndefinedTable => Stop(
                Codes.TableMissing, place, $"{failure.MessageText}.", "Correct the table's name in the source definition, or create the table.", failure),
            _ => null,
        };
    }
}
