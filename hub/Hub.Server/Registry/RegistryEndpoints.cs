namespace Hub.Server.Registry;

/// <summary>Hub's schema registry, with the addresses, answers and refusals of Confluent's. Source: Confluent Schema Registry API reference.</summary>
internal static class RegistryEndpoints
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
    }
}
