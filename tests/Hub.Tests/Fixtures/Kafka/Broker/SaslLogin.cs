using System.Text;
using Confluent.Kafka;

namespace Hub.Tests.Fixtures.Kafka.Broker;

/// <summary>The login of one connection, by SASL/PLAIN.</summary>
internal sealed class SaslLogin((string User, string Password)? expected)
{
    private bool isIn = expected is null;

    /// <summary>Who is not in may only ask how to get in.</summary>
    public bool MayAsk(ApiKey key) => isIn || key is ApiKey.ApiVersions or ApiKey.SaslHandshake or ApiKey.SaslAuthenticate;

    public void Handshake(BrokerRequest request)
    {
        var mechanism = request.Body.String();
        request.Answer.Error(request.Try(() => mechanism == "PLAIN" ? ErrorCode.NoError : ErrorCode.UnsupportedSaslMechanism));
        request.Answer.Array(["PLAIN"], request.Answer.String);
    }

    public void Authenticate(BrokerRequest request)
    {
        // Whom to act for, user, password.
        var parts = Encoding.UTF8.GetString(request.Body.Bytes().Span).Split('\0');
        isIn = expected is null || (parts.Length == 3 && (parts[1], parts[2]) == expected);
        request.Answer.Error(request.Try(() => isIn ? ErrorCode.NoError : ErrorCode.SaslAuthenticationFailed));
        request.Answer.String(isIn ? null : "Authentication failed: Invalid username or password");
        request.Answer.Bytes(ReadOnlySpan<byte>.Empty);
    }
}
