using Confluent.Kafka;
using Hub.Core.Ops;
using Microsoft.Extensions.Logging;

namespace Hub.Log.Kafka;

/// <summary>Makes the clients of one log, all with the same way to the cluster.</summary>
internal sealed partial class KafkaClients(KafkaLogOptions options)
{
    // What the library calls a line about a connection.
    private const string ConnectionFailed = "FAIL";

    // Room for one record of the largest kind that Hub carries; the topics that Hub makes take as much.
    public const int MaxRecordBytes = 16 * 1024 * 1024;

    // What a reader holds ahead of its caller, in all its partitions.
    private const int PrefetchKilobytes = 16 * 1024;
    private const int FetchBytes = 8 * 1024 * 1024;

    // Small beside FetchBytes, so that one answer carries several partitions and none waits for another's backlog.
    private const int PartitionFetchBytes = 1024 * 1024;

    // The library's own second, once the caller is behind by as much as is held ahead, would be longer than the caller needs for it.
    private static readonly TimeSpan FetchPause = TimeSpan.FromMilliseconds(10);

    // How soon a reader at the end is told that it is there.
    private static readonly TimeSpan FetchWait = TimeSpan.FromMilliseconds(100);

    private static readonly TimeSpan AskPause = TimeSpan.FromMilliseconds(100);

    private readonly ILogger logger = options.Logger;
    private readonly ToldLines told = new(options.Time);
    private readonly CancellationTokenSource closing = new();

    public KafkaLogOptions Options => options;

    public ConnectionTrouble Trouble { get; } = new();

    public string Place => options.Bootstrap;

    public bool IsClosed => closing.IsCancellationRequested;

    public CancellationToken Closing => closing.Token;

    /// <summary>Ends all that waits for the cluster.</summary>
    public Task CloseAsync() => closing.CancelAsync();

    /// <summary>Waits for the cluster until cancelled or closed, and tells its failures in Hub's way.</summary>
    /// <param name="subject">What is being done, as a sentence's beginning: "the topic 'x' cannot be written".</param>
    /// <exception cref="ObjectDisposedException">The log was closed.</exception>
    public async Task<T> AskAsync<T>(string subject, Func<CancellationToken, Task<T>> ask, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, closing.Token);
        try
        {
            return await ask(stop.Token);
        }
        catch (OperationCanceledException) when (IsClosed && !cancellationToken.IsCancellationRequested)
        {
            throw new ObjectDisposedException(nameof(KafkaLog));
        }
        catch (KafkaException failure)
        {
            throw Explain(failure, subject);
        }
    }

    /// <param name="subject">What was being done, as a sentence's beginning.</param>
    public HubException Explain(KafkaException failure, string subject) => KafkaFailures.Explain(Trouble.CauseOf(failure), Place, subject);

    /// <summary>The same for a question that changes nothing: asked again until there is an answer, or the time for it is over.</summary>
    public Task<T> AskAgainAsync<T>(string subject, Func<CancellationToken, Task<T>> ask, CancellationToken cancellationToken) => AskAsync(
        subject, async stop =>
        {
            var began = options.Time.GetTimestamp();
            while (true)
            {
                try
                {
                    var answer = await ask(stop);
                    Trouble.Clear();
                    return answer;
                }
                catch (KafkaException failure) when (Explain(failure, subject).IsTransient && options.Time.GetElapsedTime(began) < options.Timeout)
                {
                    // Leaders move, and a client that was cut off has yet to find them.
                    await Task.Delay(AskPause, options.Time, stop);
                }
            }
        }, cancellationToken);

    /// <exception cref="KafkaException">Every broker refuses the login, so that waiting does not help.</exception>
    public void ThrowIfRefused()
    {
        if (Trouble.IsRefused)
            throw new KafkaException(ErrorCode.Local_AllBrokersDown);
    }

    public IAdminClient Admin()
    {
        var builder = new AdminClientBuilder(new AdminClientConfig(Common())).SetLogHandler((_, line) => Log(line)).SetErrorHandler((_, error) => Log(error));
        return Build(builder.Build);
    }

    public IProducer<byte[], byte[]?> Producer(string transactionalId)
    {
        var config = new ProducerConfig(Common(("compression.type", "zstd"), ("message.max.bytes", $"{MaxRecordBytes}"), ("linger.ms", "0")))
        {
            TransactionalId = transactionalId,
            TransactionTimeoutMs = (int)options.TransactionTimeout.TotalMilliseconds,
            // A batch of Hub is bounded by bytes; the library's own bounds would refuse its end.
            QueueBufferingMaxMessages = 0,
            QueueBufferingMaxKbytes = int.MaxValue / 1024,
            DeliveryReportFields = "none",
        };
        return Build(() => new ProducerBuilder<byte[], byte[]?>(config).SetLogHandler((_, line) => Log(line)).SetErrorHandler((_, error) => Log(error)).Build());
    }

    public ConsumerBuilder<TKey, TValue> Consumer<TKey, TValue>(string group)
    {
        var common = Common();
        // A producer's matter, but a consumer compares it with what it fetches, which does not bound a single record.
        common.Remove("message.max.bytes");
        var config = new ConsumerConfig(common)
        {
            GroupId = group,
            SessionTimeoutMs = (int)options.SessionTimeout.TotalMilliseconds,
            HeartbeatIntervalMs = (int)options.SessionTimeout.TotalMilliseconds / 10,
            IsolationLevel = IsolationLevel.ReadCommitted,
            PartitionAssignmentStrategy = PartitionAssignmentStrategy.CooperativeSticky,
            EnableAutoCommit = false,
            EnableAutoOffsetStore = false,
            // A place that the log does not have any more must be told, never be passed over.
            AutoOffsetReset = AutoOffsetReset.Error,
            EnablePartitionEof = true,
            QueuedMaxMessagesKbytes = PrefetchKilobytes,
            FetchQueueBackoffMs = (int)FetchPause.TotalMilliseconds,
            MaxPartitionFetchBytes = PartitionFetchBytes,
            FetchWaitMaxMs = (int)FetchWait.TotalMilliseconds,
            FetchMaxBytes = FetchBytes,
            ConsumeResultFields = "headers,topic",
        };
        return new ConsumerBuilder<TKey, TValue>(config).SetLogHandler((_, line) => Log(line)).SetErrorHandler((_, error) => Log(error));
    }

    /// <summary>Leaves the consumer's group, so that the others need not wait until its silence is noticed, and ends it.</summary>
    public static void End<TKey, TValue>(IConsumer<TKey, TValue> consumer)
    {
        try
        {
            consumer.Close();
        }
        catch (KafkaException)
        {
            // No broker has answered in time: the group learns by the silence.
        }

        consumer.Dispose();
    }

    /// <exception cref="HubException">The client library does not take a setting.</exception>
    public T Build<T>(Func<T> build)
    {
        try
        {
            return build();
        }
        catch (Exception failure) when (failure is InvalidOperationException or ArgumentException or KafkaException)
        {
            throw new HubException(new Finding(
                Codes.SettingInvalid, Severity.Error, options.Bootstrap, $"a setting kafka.* is not taken by the Kafka client: {failure.Message}",
                "See librdkafka's CONFIGURATION.md for the names and values of properties."), failure);
        }
    }

    private Dictionary<string, string> Common(params ReadOnlySpan<(string Key, string Value)> defaults)
    {
        var common = new Dictionary<string, string> { ["client.id"] = "hub" };
        foreach (var (key, value) in defaults)
            common[key] = value;
        foreach (var (key, value) in options.ClientSettings)
            common[key] = value;
        common["bootstrap.servers"] = options.Bootstrap;
        return common;
    }

    private void Log(LogMessage line)
    {
        var isOfConnection = line.Facility == ConnectionFailed;
        if (isOfConnection)
            Trouble.Heard(line);
        // Every client tells of every attempt to connect, several times a second.
        if (line.Level <= SyslogLevel.Error && (isOfConnection ? told.IsNew(nameof(ConnectionFailed)) : told.IsNew(line.Message)))
            LogClient(line.Name, line.Message);
    }

    private void Log(Error error)
    {
        Trouble.Heard(error);
        if (!Trouble.IsEverywhere || !told.IsNew(nameof(ErrorCode.Local_AllBrokersDown)))
            return;
        var finding = Explain(new(ErrorCode.Local_AllBrokersDown), "Kafka").Findings[0];
        LogUnreachable($"{finding.Message} {finding.Suggestion}");
    }

    [LoggerMessage(EventId = 5001, Level = LogLevel.Warning, Message = "Kafka client {Client}: {Line}")]
    private partial void LogClient(string client, string line);

    [LoggerMessage(EventId = 5002, Level = LogLevel.Warning, Message = "{Reason}")]
    private partial void LogUnreachable(string reason);
}
