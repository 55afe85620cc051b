using Hub.Core.Index;
using Hub.Core.Schemas;

namespace Hub.Server.Search;

/// <summary>The records that one record leads to by its links, each read once.</summary>
internal sealed class RecordFamily(IIndex index, SchemaCatalog catalog)
{
    /// <summary>Records that are read for one path at most.</summary>
    private const int MaxMembers = 64;

    private readonly Dictionary<(string Subject, string Id), Member?> members = [];

    internal sealed record Member(StoredDocument Document, RecordFacts Facts);

    public static PathStep StepOf(StoredDocument document, SchemaCatalog catalog)
        => new(document.Subject, document.Id, RecordFacts.Of(document, catalog).Title, RecordLink.UrlOf(document.Subject, document.Id));

    public async ValueTask<Member?> FindAsync(string subject, string id, CancellationToken cancellationToken)
    {
        if (members.TryGetValue((subject, id), out var known))
            return known;
        var document = await index.GetAsync(subject, id, cancellationToken);
        return members[(subject, id)] = document is null ? null : new(document, RecordFacts.Of(document, catalog));
    }

    /// <summary>The longest chain of links upwards from the record, top first; links that lead in a circle are not followed.</summary>
    public async ValueTask<IReadOnlyList<PathStep>> PathToAsync(StoredDocument document, CancellationToken cancellationToken)
    {
        var start = new Member(document, RecordFacts.Of(document, catalog));
        members[(document.Subject, document.Id)] = start;
        var chain = await LongestAsync(start, [], [], cancellationToken);
        await InsertSharedAsync(chain, cancellationToken);
        chain.Reverse();
        return [.. chain.Select(member => new PathStep(
            member.Document.Subject, member.Document.Id, member.Facts.Title, RecordLink.UrlOf(member.Document.Subject, member.Document.Id)))];
    }

    private async ValueTask<List<Member>> LongestAsync(
        Member from, HashSet<Member> onWay, Dictionary<Member, List<Member>> done, CancellationToken cancellationToken)
    {
        if (done.TryGetValue(from, out var known))
            return [.. known];
        onWay.Add(from);
        List<Member> best = [];
        foreach (var link in from.Facts.Links)
        {
            if (members.Count >= MaxMembers && !members.ContainsKey((link.Subject, link.Id)))
                continue;
            if (await FindAsync(link.Subject, link.Id, cancellationToken) is not { } next || onWay.Contains(next))
                continue;
            var chain = await LongestAsync(next, onWay, done, cancellationToken);
            if (chain.Count > best.Count)
                best = chain;
        }

        onWay.Remove(from);
        done[from] = [from, .. best];
        return [from, .. best];
    }

    /// <summary>
    /// A record that two neighbours of the chain both name, of a subject the chain does not have, belongs between them: a payment
    /// detail and its application both name the voucher, through which the one became the other.
    /// </summary>
    private async ValueTask InsertSharedAsync(List<Member> chain, CancellationToken cancellationToken)
    {
        for (var i = 0; i + 1 < chain.Count; i++)
        {
            foreach (var link in chain[i].Facts.Links)
            {
                if (chain.Exists(member => member.Document.Subject == link.Subject)
                    || !chain[i + 1].Facts.Links.Any(other => other.Subject == link.Subject && other.Id == link.Id)
                    || await FindAsync(link.Subject, link.Id, cancellationToken) is not { } shared)
                    continue;
                chain.Insert(++i, shared);
                break;
            }
        }
    }
}
