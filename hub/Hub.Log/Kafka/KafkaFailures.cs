using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Hub.Core.Ops;

namespace Hub.Log.Kafka;

/// <summary>Sorts the failures of Kafka, once: what an operator must mend, and what passes.</summary>
internal static class KafkaFailures
{
    /// <param name="subject">What was being done, as a sentence's beginning: "the topic 'x' cannot be written".</param>
    public static HubException Explain(KafkaException failure, string place, string subject)
    {
        var error = ErrorOf(failure);
        var reason = error.Reason;
        return error.Code switch
        {
            ErrorCode.ProducerFenced or ErrorCode.InvalidProducerEpoch or ErrorCode.Local_Fenced or ErrorCode.FencedInstanceId => Taken(place, subject, failure),
            ErrorCode.SaslAuthenticationFailed or ErrorCode.Local_Authentication or ErrorCode.UnsupportedSaslMechanism or ErrorCode.IllegalSaslState
                => Permanent(Codes.KafkaRefused, $"{subject}: Kafka refused the login ({reason}).", "Check kafka.sasl.mechanism, kafka.sasl.username and kafka.sasl.password, and that kafka.security.protocol is the one of this port."),
            ErrorCode.Local_Ssl
                => Permanent(Codes.KafkaRefused, $"{subject}: there is no encrypted connection ({reason}).", Encryption),
            ErrorCode.TopicAuthorizationFailed or ErrorCode.GroupAuthorizationFailed or ErrorCode.ClusterAuthorizationFailed or ErrorCode.TransactionalIdAuthorizationFailed
                => Permanent(Codes.KafkaRefused, $"{subject}: the user may not do that ({reason}).", "Give Hub's user the rights that ops/README.md lists under Kafka."),
            ErrorCode.UnknownTopicOrPart or ErrorCode.Local_UnknownTopic or ErrorCode.Local_UnknownPartition
                => Permanent(Codes.TopicMissing, $"{subject}: Kafka does not have it ({reason}).", "Was it deleted? Start Hub again to have it made anew; its index and sources must then begin anew, too."),
            ErrorCode.InvalidConfig or ErrorCode.TopicException or ErrorCode.InvalidPartitions or ErrorCode.PolicyViolation
                => Permanent(Codes.SettingInvalid, $"{subject}: Kafka does not take its name or a setting ({reason}).", "Check kafka.topic.*, kafka.prefix and logPartitions, or make the topic yourself."),
            ErrorCode.InvalidReplicationFactor
                => Transient(Codes.KafkaFailed, $"{subject}: there are fewer brokers than copies ({reason}).", "Start more brokers, or set kafka.replication to what there are; Hub tries again by itself."),
            ErrorCode.MsgSizeTooLarge or ErrorCode.RecordListTooLarge
                => Permanent(Codes.RecordTooLarge, $"{subject}: a record is larger than Kafka takes ({reason}).", "Raise message.max.bytes of the topic or the brokers, and kafka.message.max.bytes of Hub; then start the source again, which goes on with this record."),
            ErrorCode.Local_AutoOffsetReset or ErrorCode.OffsetOutOfRange
                => Permanent(Codes.LogDamaged, $"{subject}: the place to read on from is not in the log any more: a topic was made anew, or has forgotten what was not read yet ({reason}).", Rebuild),
            ErrorCode.Local_Transport or ErrorCode.Local_AllBrokersDown or ErrorCode.Local_Resolve or ErrorCode.Local_TimedOut
                => Transient(Codes.KafkaFailed, $"{subject}: no broker of kafka.bootstrap ({place}) answers ({reason}).", Unreachable),
            _ => Transient(Codes.KafkaFailed, $"{subject}: {reason}.", "Hub tries again by itself. Look at the brokers if it lasts."),
        };

        HubException Transient(string code, string message, string suggestion) => new(new Finding(code, Severity.Error, place, message, suggestion), failure) { IsTransient = true };

        HubException Permanent(string code, string message, string suggestion) => new(new Finding(code, Severity.Error, place, message, suggestion), failure);
    }

    private const string Unreachable = "Look whether these are the right addresses, the brokers run, and their advertised.listeners can be reached from here; and whether kafka.security.protocol is "
        + "the one of this port, and what it asks for is set (kafka.sasl.*, kafka.ssl.certificate.location).";

    private const string Encryption = "Check that kafka.security.protocol is the one of this port, that kafka.ssl.ca.location or kafka.ssl.ca.pem holds the authority that signed the broker's certificate, "
        + "and kafka.ssl.certificate.location and kafka.ssl.key.location if the broker asks for a certificate of Hub's.";

    public const string Rebuild = "Let the index be built from the log again, and the sources begin anew if the topic no longer holds everything.";

    /// <summary>Another Hub has the source.</summary>
    public static HubException Taken(string place, string subject, KafkaException? failure = null) => new(
        new Finding(
            Codes.SourceTaken, Severity.Error, place, $"{subject}: another Hub writes for this source now, and what this one wrote was refused.",
            "Nothing is lost: that Hub goes on from the checkpoint, and this one stands by."), failure) { IsTransient = true };

    /// <summary>An answer about several things tells what is wrong with each; the first of them stands for all.</summary>
    private static Error ErrorOf(KafkaException failure) => failure switch
    {
        CreateTopicsException several => several.Results.Find(one => one.Error.IsError)?.Error ?? several.Error,
        ListOffsetsException several => several.Result.ResultInfos.Select(one => one.TopicPartitionOffsetError.Error).FirstOrDefault(error => error.IsError) ?? several.Error,
        ListConsumerGroupOffsetsException several => several.Results.SelectMany(group => group.Partitions.Select(one => one.Error).Prepend(group.Error)).FirstOrDefault(error => error.IsError) ?? several.Error,
        TopicPartitionOffsetException several => several.Results.Find(one => one.Error.IsError)?.Error ?? several.Error,
        _ => failure.Error,
    };
}
