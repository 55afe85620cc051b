using System.Buffers.Binary;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Confluent.Kafka;

namespace Hub.Tests.Fixtures.Kafka.Broker;

/// <summary>One client's connection: requests are answered one after the other, in their order.</summary>
internal sealed class BrokerConnection(Socket socket, ApiTable apis, FaultPlan faults, BrokerSecurity security)
{
    // Another protocol's first bytes, read as a length, are as a rule larger.
    private const int MaxRequest = 100 * 1024 * 1024;

    private readonly SaslLogin login = new(security.Login);
    private readonly byte[] length = new byte[sizeof(int)];

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        socket.NoDelay = true;
        await using var bare = new NetworkStream(socket, ownsSocket: true);
        try
        {
            await using var stream = await EncryptAsync(bare, cancellationToken);
            while (true)
            {
                await stream.ReadExactlyAsync(length, cancellationToken);
                var size = BinaryPrimitives.ReadInt32BigEndian(length);
                if (size is < 0 or > MaxRequest)
                    return;
                // Records are kept as parts of the request that brought them, so every request has its own bytes.
                var bytes = GC.AllocateUninitializedArray<byte>(size);
                await stream.ReadExactlyAsync(bytes, cancellationToken);
                var answer = await AnswerAsync(bytes, cancellationToken);
                if (answer is null)
                    return;
                await stream.WriteAsync(answer.Value, cancellationToken);
            }
        }
        catch (Exception ended) when (ended is IOException or OperationCanceledException or AuthenticationException)
        {
            // The client is gone, or the broker goes down.
        }
    }

    private async ValueTask<Stream> EncryptAsync(NetworkStream bare, CancellationToken cancellationToken)
    {
        if (security.Certificate is null)
            return bare;
        var stream = new SslStream(bare, leaveInnerStreamOpen: true);
        await stream.AuthenticateAsServerAsync(
            new()
            {
                ServerCertificate = security.Certificate,
                ClientCertificateRequired = security.ClientAuthority is not null,
                RemoteCertificateValidationCallback = (_, shown, _, _) => security.ClientAuthority is null || IsSigned(shown, security.ClientAuthority),
            },
            cancellationToken);
        return stream;
    }

    private static bool IsSigned(X509Certificate? shown, X509Certificate2 authority)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return shown is X509Certificate2 certificate && chain.Build(certificate);
    }

    // Null ends the connection; an empty answer is none.
    private async ValueTask<ReadOnlyMemory<byte>?> AnswerAsync(byte[] bytes, CancellationToken cancellationToken)
    {
        var body = new WireReader(bytes);
        var (key, version, correlation, client) = ((ApiKey)body.Int16(), body.Int16(), body.Int32(), body.String());
        var answer = new WireWriter(correlation);
        if (apis.Find(key, version) is not { } api)
            return Refuse(key, version, answer);
        if (!login.MayAsk(key))
            return null;
        if (api.IsFlexible)
        {
            body.SkipTags();
            answer.NoTags();
        }

        var fault = faults.Take(key, client);
        if (fault is BrokerFault.CloseBefore)
            return null;
        if (fault is BrokerFault.HoldBefore before)
            await before.Released.WaitAsync(cancellationToken);
        var request = new BrokerRequest(body, answer, fault is BrokerFault.Answer wrong ? wrong.Error : ErrorCode.NoError, login, cancellationToken);
        await api.AnswerAsync(request);
        if (fault is BrokerFault.HoldAfter after)
            await after.Released.WaitAsync(cancellationToken);
        if (fault is BrokerFault.CloseAfter)
            return null;
        return request.IsSilent ? ReadOnlyMemory<byte>.Empty : answer.Finish();
    }

    private ReadOnlyMemory<byte> Refuse(ApiKey key, short version, WireWriter answer)
    {
        if (key != ApiKey.ApiVersions)
            throw new NotSupportedException($"The broker of the tests does not answer {key} in version {version}");
        apis.Versions(answer, ErrorCode.UnsupportedVersion);
        return answer.Finish();
    }
}
