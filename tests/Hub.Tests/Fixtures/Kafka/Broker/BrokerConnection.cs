using System.Buffers.Binary;
using System.Net.Sockets;
using Confluent.Kafka;

namespace Hub.Tests.Fixtures.Kafka.Broker;

/// <summary>One client's connection: requests are answered one after the other, in their order.</summary>
internal sealed class BrokerConnection(Socket socket, ApiTable apis, FaultPlan faults)
{
    private readonly byte[] length = new byte[sizeof(int)];

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        socket.NoDelay = true;
        await using var stream = new NetworkStream(socket, ownsSocket: true);
        try
        {
            while (true)
            {
                await stream.ReadExactlyAsync(length, cancellationToken);
                // Records are kept as parts of the request that brought them, so every request has its own bytes.
                var bytes = GC.AllocateUninitializedArray<byte>(BinaryPrimitives.ReadInt32BigEndian(length));
                await stream.ReadExactlyAsync(bytes, cancellationToken);
                var answer = await AnswerAsync(bytes, cancellationToken);
                if (answer is null)
                    return;
                await stream.WriteAsync(answer.Value, cancellationToken);
            }
        }
        catch (Exception ended) when (ended is IOException or OperationCanceledException)
        {
            // The client is gone, or the broker goes down.
        }
    }

    // Null ends the connection; an empty answer is none.
    private async ValueTask<ReadOnlyMemory<byte>?> AnswerAsync(byte[] bytes, CancellationToken cancellationToken)
    {
        var body = new WireReader(bytes);
        var (key, version, correlation, client) = ((ApiKey)body.Int16(), body.Int16(), body.Int32(), body.String());
        var answer = new WireWriter(correlation);
        if (apis.Find(key, version) is not { } api)
            return Refuse(key, version, answer);
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
        var request = new BrokerRequest(body, answer, fault is BrokerFault.Answer wrong ? wrong.Error : ErrorCode.NoError, cancellationToken);
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
