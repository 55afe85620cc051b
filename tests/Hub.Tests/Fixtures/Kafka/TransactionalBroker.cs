using System.Net;
using System.Net.Sockets;
using Confluent.Kafka;
using Hub.Tests.Fixtures.Kafka.Broker;

namespace Hub.Tests.Fixtures.Kafka;

/// <summary>
/// A Kafka of one broker, in memory, in this process, on a free loopback port, whose transactions are real: committed readers see neither
/// aborted nor open ones, and a new instance of a transactional id shuts out the older. It takes what librdkafka sends: topics and their
/// settings, idempotent and transactional producers, fetches, consumer groups, TLS, SASL/PLAIN. It keeps everything (no retention, no compaction), and finds
/// offsets by time to the batch, not to the record.
/// </summary>
public sealed class TransactionalBroker : IAsyncDisposable
{
    private readonly BrokerState state;
    private readonly FaultPlan faults = new();
    private readonly ApiTable apis;
    private readonly BrokerAddress address;
    // Bound and never listening: keeps the port while the broker is down, when connections to it are refused.
    private readonly Socket reservation = NewSocket();
    private readonly List<Task> connections = [];
    private CancellationTokenSource running = new();
    private Socket? listener;
    private Task accepting = Task.CompletedTask;

    public TransactionalBroker(TimeProvider? time = null, BrokerSecurity? security = null)
    {
        Security = security ?? new();
        reservation.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        address = new(((IPEndPoint)reservation.LocalEndPoint!).Port);
        state = new(time ?? TimeProvider.System);
        apis = new(state, address);
        Up();
    }

    /// <summary>The broker's address, as a client's <c>bootstrap.servers</c>.</summary>
    public string Bootstrap => $"{BrokerAddress.Host}:{address.Port}";

    /// <summary>For connections that are made from now on.</summary>
    public BrokerSecurity Security { get; set; }

    /// <summary>Asked at each request, on any thread, what shall go wrong with it; faults that were set with <see cref="Next"/> come first.</summary>
    public Func<BrokerCall, BrokerFault?>? Rule
    {
        get => faults.Rule;
        set => faults.Rule = value;
    }

    public void CreateTopic(string name, int partitions) => CreateTopic(name, partitions, new Dictionary<string, string>());

    public void CreateTopic(string name, int partitions, IReadOnlyDictionary<string, string> settings)
    {
        lock (state.Gate)
        {
            if (state.Create(new(name, partitions, settings)) is var error && error != ErrorCode.NoError)
                throw new KafkaException(error);
        }
    }

    /// <summary>The next requests of the kind are answered with the errors, one each.</summary>
    public void Fail(ApiKey key, params ErrorCode[] errors)
    {
        foreach (var error in errors)
            Next(key, new BrokerFault.Answer(error));
    }

    /// <summary>Something goes wrong with the next request of the kind, or with a later one.</summary>
    /// <param name="skip">How many of the kind go well before.</param>
    public void Next(ApiKey key, BrokerFault fault, int skip = 0) => faults.Next(key, fault, skip);

    /// <summary>How many requests of the kind have come in.</summary>
    public int Requests(ApiKey key) => faults.Seen(key);

    public PartitionCounts Count(string topic, int partition)
    {
        lock (state.Gate)
            return (state.Find(topic, partition) ?? throw new KafkaException(ErrorCode.UnknownTopicOrPart)).Count();
    }

    /// <summary>What the group has committed; null if nothing.</summary>
    public long? CommittedOffset(string group, string topic, int partition)
    {
        lock (state.Gate)
            return state.Group(group).Offsets.TryGetValue(new(topic, partition), out var committed) ? committed.Offset : null;
    }

    /// <summary>Takes all members of consumer groups for dead, as it does when one is silent for as long as its session lasts. Who lives joins again.</summary>
    public void ExpireSessions()
    {
        lock (state.Gate)
            foreach (var group in state.Groups)
                group.ExpireSessions();
    }

    /// <summary>Ends all connections and refuses new ones; everything is kept. Sessions and transactions go on timing out.</summary>
    public async Task DownAsync()
    {
        if (listener is null)
            return;
        await running.CancelAsync();
        listener.Dispose();
        listener = null;
        await accepting;
        await Task.WhenAll(connections);
        connections.Clear();
        running.Dispose();
    }

    /// <summary>Listens again, at the same address.</summary>
    public void Up()
    {
        running = new();
        listener = NewSocket();
        listener.Bind(new IPEndPoint(IPAddress.Loopback, address.Port));
        listener.Listen();
        var (from, cancellationToken) = (listener, running.Token);
        accepting = Task.Run(() => AcceptAsync(from, cancellationToken), CancellationToken.None);
    }

    /// <summary>Fails if there was a request that the broker could not answer.</summary>
    public async ValueTask DisposeAsync()
    {
        await DownAsync();
        reservation.Dispose();
    }

    private async Task AcceptAsync(Socket from, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                var connection = new BrokerConnection(await from.AcceptAsync(cancellationToken), apis, faults, Security);
                connections.RemoveAll(ended => ended.IsCompletedSuccessfully);
                connections.Add(Task.Run(() => connection.RunAsync(cancellationToken), CancellationToken.None));
            }
        }
        catch (Exception ended) when (ended is OperationCanceledException or ObjectDisposedException)
        {
            // The broker goes down.
        }
    }

    private static Socket NewSocket()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        return socket;
    }
}
