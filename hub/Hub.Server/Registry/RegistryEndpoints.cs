using Hub.Core.Schemas.Registry;

namespace Hub.Server.Registry;

/// <summary>Hub's schema registry, with the addresses, answers and refusals of Confluent's. Source: Confluent Schema Registry API reference.</summary>
internal static partial class RegistryEndpoints
{
    public static void MapRegistry(this IEndpointRouteBuilder app)
    {
        var registry = app.MapGroup("/registry").ExcludeFromDescription();
        registry.AddEndpointFilter(AnswerAsync);
        registry.MapGet("/", () => new Dictionary<string, string>());
        registry.MapSubjects();
        registry.MapSchemas();
        registry.MapCompatibility();
        registry.MapLevels();
        registry.MapFallback("{**rest}", object () => throw RegistryFault.Http(StatusCodes.Status404NotFound, "HTTP 404 Not Found"));
    }

    private static async ValueTask<object?> AnswerAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        try
        {
            if (RegistryAnswer.Choose(context.HttpContext.Request) is null)
                throw RegistryFault.Http(StatusCodes.Status406NotAcceptable, "HTTP 406 Not Acceptable");
            return new RegistryAnswer((await next(context))!);
        }
        catch (RegistryFault fault)
        {
            return new RegistryAnswer(fault.Error, fault.Status);
        }
        catch (BadHttpRequestException failure)
        {
            return new RegistryAnswer(new RegistryError(failure.StatusCode, failure.Message), failure.StatusCode);
        }
        catch (Exception failure) when (!context.HttpContext.RequestAborted.IsCancellationRequested)
        {
            LogFailed(context.HttpContext.RequestServices.GetRequiredService<ILogger<SchemaRegistry>>(), context.HttpContext.Request.Path, failure);
            return new RegistryAnswer(new RegistryError(RegistryErrors.StoreFailed, "Error in the backend data store; Hub's log says more."), StatusCodes.Status500InternalServerError);
        }
    }

    [LoggerMessage(EventId = 5103, Level = LogLevel.Error, Message = "The schema registry could not answer {Path}")]
    private static partial void LogFailed(ILogger logger, string path, Exception failure);
}
