using System.Security.Cryptography;
using Npgsql;

namespace Hub.Demo.Finance;

/// <summary>The login role of Hub on a demo server: may replicate, reads what it is granted, keeps its random password over restarts.</summary>
internal sealed class HubRole(string superuser)
{
    public const string Name = "hub";

    /// <summary>Makes the role unless an earlier run did.</summary>
    public async Task EnsureAsync(CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection(superuser);
        await connection.OpenAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        // The random digits are hexadecimal, so the statement needs no quoting. The lock lets parallel tests share a server.
        var password = RandomNumberGenerator.GetHexString(24, lowercase: true);
        await using var command = new NpgsqlCommand($"""
            SELECT pg_advisory_xact_lock(320206);
            CREATE TABLE IF NOT EXISTS hub_demo (password text NOT NULL);
            DO $$ BEGIN
                IF NOT EXISTS (SELECT FROM hub_demo) THEN
                    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{Name}') THEN CREATE ROLE {Name}; END IF;
                    ALTER ROLE {Name} LOGIN REPLICATION PASSWORD '{password}';
                    INSERT INTO hub_demo VALUES ('{password}');
                END IF;
            END $$;
            """, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    public async Task<string> PasswordAsync(CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection(superuser);
        await connection.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand("SELECT password FROM hub_demo", connection);
        return (string)(await command.ExecuteScalarAsync(cancellationToken))!;
    }
}
