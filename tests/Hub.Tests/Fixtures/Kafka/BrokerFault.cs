using Confluent.Kafka;

namespace Hub.Tests.Fixtures.Kafka;

/// <summary>What goes wrong with one request.</summary>
public abstract record BrokerFault
{
    private BrokerFault()
    {
    }

    /// <summary>The connection ends and nothing is done.</summary>
    public sealed record CloseBefore : BrokerFault;

    /// <summary>It is done, but the connection ends before the client hears of it.</summary>
    public sealed record CloseAfter : BrokerFault;

    /// <summary>Nothing is done; the error is the answer.</summary>
    public sealed record Answer(ErrorCode Error) : BrokerFault;

    /// <summary>Nothing is done until the task ends; the connection's later requests wait too.</summary>
    public sealed record HoldBefore(Task Released) : BrokerFault;

    /// <summary>It is done, and answered when the task ends.</summary>
    public sealed record HoldAfter(Task Released) : BrokerFault;
}
