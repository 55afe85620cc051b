using Microsoft.AspNetCore.Http.HttpResults;

namespace Hub.Server.Hosting;

/// <summary>The pages, from inside the assembly, so that Hub works from any folder and without a network.</summary>
internal static class StaticPages
{
    private static readonly (string Route, string File, string ContentType)[] Pages =
    [
        ("/", "index.html", "text/html; charset=utf-8"),
        ("/docs", "docs.html", "text/html; charset=utf-8"),
        ("/app.js", "app.js", "text/javascript; charset=utf-8"),
        ("/docs.js", "docs.js", "text/javascript; charset=utf-8"),
        ("/hub.css", "hub.css", "text/css; charset=utf-8"),
    ];

    public static void MapPages(this IEndpointRouteBuilder app)
    {
        foreach (var (route, file, contentType) in Pages)
        {
            var bytes = Load(file);
            app.MapGet(route, FileContentHttpResult (HttpContext context) =>
            {
                context.Response.Headers.ContentSecurityPolicy = "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";
                context.Response.Headers.XContentTypeOptions = "nosniff";
                context.Response.Headers.CacheControl = "no-cache";
                return TypedResults.Bytes(bytes, contentType);
            }).ExcludeFromDescription();
        }
    }

    private static byte[] Load(string file)
    {
        using var stream = typeof(StaticPages).Assembly.GetManifestResourceStream($"wwwroot/{file}")!;
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
