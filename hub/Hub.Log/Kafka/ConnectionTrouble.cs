using Confluent.Kafka;

namespace Hub.Log.Kafka;

/// <summary>
/// What the clients of one log have said of their connections since a broker answered last. Whoever waits for an answer is only told that
/// none came. For concurrent use.
/// </summary>
internal sealed class ConnectionTrouble
{
    // Of the connection that the library makes to ask what the broker can do.
    private const string Unanswered = "in state APIVERSION_QUERY";

    private readonly Lock gate = new();
    private Error? cause;
    private bool isEverywhere;

    /// <summary>Whether no broker at all can be reached.</summary>
    public bool IsEverywhere
    {
        get
        {
            lock (gate)
                return isEverywhere && cause is not null;
        }
    }

    /// <summary>Whether every broker refuses the login or its encryption, so that waiting does not help.</summary>
    public bool IsRefused
    {
        get
        {
            lock (gate)
                return isEverywhere && cause is not null && IsRefusal(cause.Code);
        }
    }

    public void Heard(Error error)
    {
        lock (gate)
        {
            if (error.Code == ErrorCode.Local_AllBrokersDown)
                isEverywhere = true;
            else if (IsRefusal(error.Code) || error.Code is ErrorCode.Local_Transport or ErrorCode.Local_Resolve or ErrorCode.Local_TimedOut)
                cause = error;
        }
    }

    /// <summary>A line about a connection: a broker that turns a client away by closing is told in no other way.</summary>
    public void Heard(LogMessage line)
    {
        if (line.Message.Contains(Unanswered, StringComparison.Ordinal))
            Heard(new Error(ErrorCode.Local_Transport, $"it closes the connection before it answers anything: {line.Message}"));
    }

    /// <summary>A broker has answered.</summary>
    public void Clear()
    {
        lock (gate)
            (cause, isEverywhere) = (null, false);
    }

    /// <summary>The failure, or what stands behind it if it only tells that no answer came.</summary>
    public KafkaException CauseOf(KafkaException failure)
    {
        lock (gate)
        {
            if (cause is null || failure.Error.Code is not (ErrorCode.Local_Transport or ErrorCode.Local_TimedOut or ErrorCode.Local_AllBrokersDown))
                return failure;
            // One broker's certificate is no reason to give up while others answer.
            return new(IsRefusal(cause.Code) && isEverywhere ? cause : new(ErrorCode.Local_Transport, cause.Reason), failure);
        }
    }

    private static bool IsRefusal(ErrorCode code)
        => code is ErrorCode.Local_Ssl or ErrorCode.Local_Authentication or ErrorCode.SaslAuthenticationFailed or ErrorCode.UnsupportedSaslMechanism or ErrorCode.IllegalSaslState;
}
