using Confluent.Kafka;

namespace Hub.Tests.Fixtures.Kafka.Broker;

/// <summary>One request and its answer, written while the request is read: many of Kafka's answers repeat the request's topics and partitions.</summary>
/// <param name="forced">The error that a test wants instead of what would be done.</param>
internal sealed class BrokerRequest(WireReader body, WireWriter answer, ErrorCode forced, SaslLogin login, CancellationToken cancellationToken)
{
    public WireReader Body => body;

    public WireWriter Answer => answer;

    public SaslLogin Login => login;

    public CancellationToken CancellationToken => cancellationToken;

    /// <summary>The producer does not wait for an answer.</summary>
    public bool IsSilent { get; set; }

    /// <summary>Does it, unless the test wants an error.</summary>
    public ErrorCode Try(Func<ErrorCode> action) => forced != ErrorCode.NoError ? forced : action();

    /// <summary>Walks through topics and their partitions, which the answer names again; what follows each partition is the caller's to read and write.</summary>
    public void EachPartition(Action<TopicPartition> action)
    {
        var topics = body.Int32();
        answer.Int32(topics);
        for (; topics > 0; topics--)
        {
            var topic = body.String();
            answer.String(topic);
            var partitions = body.Int32();
            answer.Int32(partitions);
            for (; partitions > 0; partitions--)
            {
                var partition = body.Int32();
                answer.Int32(partition);
                action(new(topic, partition));
            }
        }
    }

    /// <summary>No client is ever slowed down.</summary>
    public void NoThrottle() => answer.Int32(0);
}
