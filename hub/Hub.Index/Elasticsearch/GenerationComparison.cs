using System.Net;
using System.Text.Json.Nodes;
using Hub.Core.Index;

namespace Hub.Index.Elasticsearch;

/// <summary>Two generations of a subject, side by side.</summary>
/// <param name="Documents">Live documents of the live generation.</param>
/// <param name="Newer">Documents that the new one has, or has a newer version of, and the live one has not.</param>
/// <param name="Older">Ids of documents that the new one lacks or has otherwise; the first of them.</param>
public sealed record GenerationDifference(long Documents, long Newer, IReadOnlyList<string> Older)
{
    public bool IsGood => Older.Count == 0;
}

/// <summary>Compares what two generations hold while both are written: both are walked in order of id, and what differs is looked at again.</summary>
internal sealed class GenerationComparison(EngineClient client, IndexNames names, EngineSearch search)
{
    private const int MostShown = 20;
    private const int Looks = 20;
    private static readonly TimeSpan LookPause = TimeSpan.FromMilliseconds(250);

    public async Task<GenerationDifference> RunAsync(string subject, int live, int other, CancellationToken cancellationToken)
    {
        foreach (var number in new[] { live, other })
            await client.AskAsync(HttpMethod.Post, $"{names.GenerationOf(subject, number)}/_refresh", null, cancellationToken);
        await using var left = search.ScanIndexAsync(names.GenerationOf(subject, live), null, cancellationToken).GetAsyncEnumerator(cancellationToken);
        await using var right = search.ScanIndexAsync(names.GenerationOf(subject, other), null, cancellationToken).GetAsyncEnumerator(cancellationToken);
        var (documents, newer, older) = (0L, 0L, new List<string>());
        var (hasLeft, hasRight) = (await left.MoveNextAsync(), await right.MoveNextAsync());
        while (hasLeft || hasRight)
        {
            var order = !hasLeft ? 1 : !hasRight ? -1 : string.CompareOrdinal(left.Current.Id, right.Current.Id);
            var id = order <= 0 ? left.Current.Id : right.Current.Id;
            if (order != 0 || !IsSame(left.Current, right.Current))
            {
                var look = await LookAsync(subject, live, other, id, cancellationToken);
                newer += look > 0 ? 1 : 0;
                if (look < 0)
                    older.Add(id);
                if (older.Count >= MostShown)
                    break;
            }

            documents += order <= 0 ? 1 : 0;
            hasLeft = order > 0 ? hasLeft : await left.MoveNextAsync();
            hasRight = order < 0 ? hasRight : await right.MoveNextAsync();
        }

        return new(documents, newer, older);
    }

    /// <summary>0 when both agree in the end, 1 when the other one has more, -1 when it has less. A write reaches one a moment before the other.</summary>
    private async Task<int> LookAsync(string subject, int live, int other, string id, CancellationToken cancellationToken)
    {
        for (var look = 1; ; look++)
        {
            var (one, two) = (await ReadAsync(names.GenerationOf(subject, live), id, cancellationToken), await ReadAsync(names.GenerationOf(subject, other), id, cancellationToken));
            if (one == two || (one.Value.Length == 0 && two.Value.Length == 0))
                return 0;
            if (two.Version > one.Version)
                return 1;
            if (look == Looks)
                return -1;
            await Task.Delay(LookPause, client.Time, cancellationToken);
        }
    }

    /// <summary>As it is this moment, searchable or not; no value where there is a marker, and no version either where there is nothing.</summary>
    private async Task<(long Version, string Value)> ReadAsync(string index, string id, CancellationToken cancellationToken)
    {
        var answer = await client.SendAsync(HttpMethod.Get, $"{index}/_doc/{Uri.EscapeDataString(id)}", null, cancellationToken);
        if (!answer.IsSuccess && answer.Status != HttpStatusCode.NotFound)
            throw EngineFailure.Of(answer, client.Address, $"GET {index}/_doc");
        return answer.Json["_source"] is JsonObject source ? ((long)source[EngineFields.Version]!, $"{source[EngineFields.Value]}") : (-1, "");
    }

    private static bool IsSame(StoredDocument left, StoredDocument right) => left.Version == right.Version && left.Value.Span.SequenceEqual(right.Value.Span);
}
