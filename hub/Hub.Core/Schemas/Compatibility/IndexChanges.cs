namespace Hub.Core.Schemas.Compatibility;

/// <summary>Changes that Avro does not mind but the index does: what is in it was put there for the version before.</summary>
internal static class IndexChanges
{
    /// <summary>Fields of this level are never full text.</summary>
    private const int SensitiveLevel = 4;

    /// <summary>One sentence per change.</summary>
    public static IEnumerable<string> Between(SubjectSchema before, SubjectSchema after)
    {
        foreach (var field in after.Fields)
        {
            var changes = before.Find(field) is { } old ? Of(old, field) : OfNew(field);
            foreach (var change in changes)
                yield return $"field '{field.Name}' {change}; the index was built without that.";
        }
    }

    private static IEnumerable<string> Of(FieldSchema before, FieldSchema after)
    {
        if (before.Name != after.Name && after.Search != SearchRole.None)
            yield return $"was '{before.Name}'";
        if (before.Search != after.Search)
            yield return $"is searched as {Word(after.Search)}, no longer as {Word(before.Search)}";
        if (before.Mask != after.Mask)
            yield return $"has the mask {Word(after.Mask)}, no longer {Word(before.Mask)}";
        if (before.Level >= SensitiveLevel != after.Level >= SensitiveLevel)
            yield return $"has the level {after.Level}, no longer {before.Level}";
        if (before.Link is null != after.Link is null)
            yield return after.Link is null ? "no longer links to another record" : $"links to {after.Link}";
        if (before.CodeList != after.CodeList && after.Search != SearchRole.None)
            yield return after.CodeList is null ? "no longer has a code list" : $"has the code list '{after.CodeList}'";
        if (before.IsTitle != after.IsTitle)
            yield return after.IsTitle ? "is the title" : "is no longer the title";
    }

    private static IEnumerable<string> OfNew(FieldSchema field)
        => field is { Search: not SearchRole.None, Default.IsNull: false } ? ["is new, and earlier records hold its default"] : [];

    private static string Word<T>(T value) where T : struct, Enum => value.ToString().ToLowerInvariant();
}
