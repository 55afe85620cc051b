namespace Hub.Tests.Fixtures.Engine;

/// <summary>One answer, as an engine or what stands before it gives it.</summary>
/// <param name="Status">0: none, the connection is broken.</param>
internal sealed record EngineReply(int Status, string Body = "")
{
    public static readonly EngineReply Reset = new(0);

    public string MediaType { get; init; } = "application/json; charset=UTF-8";

    /// <summary>In seconds.</summary>
    public int? RetryAfter { get; init; }

    /// <summary>Where else to ask.</summary>
    public string? Location { get; init; }

    /// <summary>The connection breaks after so many bytes of the body, of which more were announced.</summary>
    public int? CutAfter { get; init; }

    /// <summary>Whether the request does what it asks for, although another answer comes.</summary>
    public bool IsDone { get; init; }

    /// <summary>The answer, or what is left of it after the cut, does not come before this.</summary>
    public Task? Until { get; init; }
}

/// <summary>A request as it came.</summary>
internal sealed record EngineCall(string Method, string Path, string Query, string? Authorization, string? ContentEncoding, byte[] Body)
{
    public string Text => System.Text.Encoding.UTF8.GetString(Body);

    /// <summary>How many documents a bulk request has.</summary>
    public int Documents => Body.Count(sign => sign == (byte)'\n') / 2;
}
