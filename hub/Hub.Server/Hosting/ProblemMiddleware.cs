using System.Globalization;
using Hub.Core.Ops;

namespace Hub.Server.Hosting;

/// <summary>Makes every failure, and every empty answer that says 4xx, a <see cref="Problem"/>. Nothing of an exception is shown but its findings.</summary>
internal sealed partial class ProblemMiddleware(RequestDelegate next, ILogger<ProblemMiddleware> logger)
{
    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await next(context);
            if (context.Response is { HasStarted: false, StatusCode: >= 400, ContentType: null })
                await WriteAsync(context, [Refusal(context)], context.Response.StatusCode);
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            // The caller has gone; nobody is left to tell.
        }
        catch (HubException failure) when (!context.Response.HasStarted)
        {
            await WriteAsync(context, failure.Findings, failure.IsTransient ? StatusCodes.Status503ServiceUnavailable : Problem.StatusOf(failure.Findings[0].Code), failure.RetryAfter);
        }
        catch (BadHttpRequestException failure) when (!context.Response.HasStarted)
        {
            await WriteAsync(context, [Finding(Codes.QueryInvalid, context, failure.Message, "See /docs.")], failure.StatusCode);
        }
        catch (Exception failure) when (!context.Response.HasStarted)
        {
            LogFailed(context.Request.Method, context.Request.Path, context.TraceIdentifier, failure);
            await WriteAsync(
                context,
                [Finding(Codes.Unexpected, context, "Hub failed in a way it did not expect.", $"Look for {context.TraceIdentifier} in Hub's log.")],
                StatusCodes.Status500InternalServerError);
        }
    }

    private static Task WriteAsync(HttpContext context, IReadOnlyList<Finding> findings, int status, TimeSpan? retryAfter = null)
    {
        // A 405 answer must keep saying which methods are allowed.
        var allow = context.Response.Headers.Allow;
        context.Response.Clear();
        context.Response.Headers.Allow = allow;
        context.Response.StatusCode = status;
        if (retryAfter is { } pause)
            context.Response.Headers.RetryAfter = Math.Ceiling(pause.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        context.Response.Headers.XContentTypeOptions = "nosniff";
        return context.Response.WriteAsJsonAsync(
            Problem.Of(findings, status, context.TraceIdentifier), ApiJson.Options, Problem.ContentType, context.RequestAborted);
    }

    private static Finding Refusal(HttpContext context) => context.Response.StatusCode switch
    {
        StatusCodes.Status404NotFound => Finding(Codes.RouteUnknown, context, "There is nothing at this address.", "The addresses are listed at /docs."),
        StatusCodes.Status405MethodNotAllowed => Finding(
            Codes.MethodNotAllowed, context, $"{context.Request.Method} is not possible here.", $"Use {context.Response.Headers.Allow}."),
        _ => Finding(Codes.QueryInvalid, context, "The request cannot be taken.", "Call Hub by the address it listens on; see /docs."),
    };

    private static Finding Finding(string code, HttpContext context, string message, string suggestion)
        => new(code, Severity.Error, context.Request.Path, message, suggestion);

    [LoggerMessage(EventId = 5001, Level = LogLevel.Error, Message = "{Method} {Path} failed ({TraceId})")]
    private partial void LogFailed(string method, string path, string traceId, Exception failure);
}
