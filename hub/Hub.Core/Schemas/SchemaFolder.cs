using System.Globalization;
using Hub.Core.Ops;
using Hub.Core.Schemas.Compatibility;

namespace Hub.Core.Schemas;

/// <summary>Loads a <c>schemas/</c> folder: <c>&lt;domain&gt;/&lt;subject&gt;/&lt;version&gt;.avsc</c>, <c>codes/&lt;list&gt;.csv</c>, and the words of <c>text/</c>.</summary>
public static class SchemaFolder
{
    /// <summary>The largest <c>hub.id</c>; Hub's registry gives larger ids to what its clients register.</summary>
    public const int MaxId = 100_000;

    /// <summary>The latest version of each subject must read everything that the earlier ones wrote: the log holds it still.</summary>
    /// <exception cref="HubException">Something in the folder is wrong; all of it is named.</exception>
    public static SchemaCatalog Load(string folder)
    {
        var (schemas, lists, words) = Read(folder);
        var findings = SchemaReview.CheckReadable(schemas);
        return findings.Count > 0 ? throw new HubException(findings) : new SchemaCatalog(schemas, lists, words);
    }

    /// <summary>Every version, whether or not it is compatible with the others.</summary>
    /// <exception cref="HubException">Something else in the folder is wrong; all of it is named.</exception>
    public static IReadOnlyList<SubjectSchema> ReadVersions(string folder) => Read(folder).Schemas;

    private static (List<SubjectSchema> Schemas, CodeLists Lists, WordLists Words) Read(string folder)
    {
        var findings = new List<Finding>();
        var schemas = new List<SubjectSchema>();
        if (!Directory.Exists(folder))
            throw new HubException(new Finding(Codes.SchemaInvalid, Severity.Error, folder, "there is no such folder.", "Name the folder that holds the schemas."));

        foreach (var file in Directory.EnumerateFiles(folder, "*.avsc", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
            if (ReadSchema(file, findings) is { } schema)
                schemas.Add(schema);

        var lists = CodeListFolder.Load(Path.Combine(folder, "codes"), findings);
        var words = WordListFolder.Load(Path.Combine(folder, "text"), findings);
        Check(folder, schemas, lists, findings);
        return findings.Count > 0 ? throw new HubException(findings) : (schemas, lists, words);
    }

    private static SubjectSchema? ReadSchema(string file, List<Finding> findings)
    {
        if (int.TryParse(Path.GetFileNameWithoutExtension(file), NumberStyles.None, CultureInfo.InvariantCulture, out var version) && version > 0)
            return new SchemaReader(file, findings).Read(File.ReadAllText(file), version);
        findings.Add(new(Codes.SchemaInvalid, Severity.Error, file, "the file's name is not a version number.", "Name it 1.avsc, 2.avsc, …"));
        return null;
    }

    private static void Check(string folder, List<SubjectSchema> schemas, CodeLists lists, List<Finding> findings)
    {
        foreach (var taken in schemas.GroupBy(schema => schema.Id).Where(group => group.Count() > 1))
            Fail(Codes.SchemaIdTaken, $"hub.id {taken.Key} is given to {string.Join(" and ", taken.Select(schema => $"{schema.Subject} {schema.Version}"))}.", "Ids are never shared; give the newer file a new one.");

        foreach (var schema in schemas.Where(schema => schema.Id > MaxId))
            Fail(Codes.SchemaIdTaken, $"hub.id {schema.Id} of {schema.Subject} {schema.Version} is one that the registry may give to another schema.", $"Use ids up to {MaxId}.");

        foreach (var taken in schemas.GroupBy(schema => (schema.Subject, schema.Version)).Where(group => group.Count() > 1))
            Fail(Codes.SchemaInvalid, $"{taken.Key.Subject} has two files for version {taken.Key.Version}.", "Keep one folder per subject.");

        var subjects = schemas.Select(schema => schema.Subject).ToHashSet(StringComparer.Ordinal);
        foreach (var (schema, field) in schemas.SelectMany(schema => schema.Fields, (schema, field) => (schema, field)))
        {
            if (field.Link is { } link && !subjects.Contains(link))
                Fail(Codes.SchemaInvalid, $"{schema.Subject}.{field.Name} links to '{link}', which has no schema.", $"Subjects are: {string.Join(", ", subjects.Order(StringComparer.Ordinal))}.");
            if (field.CodeList is { } list && !lists.Contains(list))
                Fail(Codes.CodeListInvalid, $"{schema.Subject}.{field.Name} uses the code list '{list}', which has no file.", $"Add codes/{list}.csv, or use one of: {string.Join(", ", lists.Names.Order(StringComparer.Ordinal))}.");
        }

        CheckSameRole(schemas, Fail);

        void Fail(string code, string message, string suggestion) => findings.Add(new(code, Severity.Error, folder, message, suggestion));
    }

    /// <summary>
    /// One search goes over all subjects, so a name must mean one kind of field everywhere. The latest versions count: earlier ones are
    /// read as those.
    /// </summary>
    private static void CheckSameRole(List<SubjectSchema> schemas, Action<string, string, string> fail)
    {
        var latest = schemas.GroupBy(schema => schema.Subject, StringComparer.Ordinal)
            .SelectMany(versions => versions.Where(schema => schema.Version == versions.Max(other => other.Version)));
        var byName = latest.SelectMany(schema => schema.Fields, (schema, field) => (schema, field))
            .GroupBy(pair => pair.field.Name, StringComparer.Ordinal);
        foreach (var group in byName)
        {
            var (first, field) = group.First();
            foreach (var (schema, other) in group.Where(pair => (pair.field.Search, pair.field.Type, pair.field.Scale) != (field.Search, field.Type, field.Scale)))
                fail(Codes.SchemaFieldClash, $"field '{group.Key}' is {other.Type}/{other.Search} in {schema.Subject} but {field.Type}/{field.Search} in {first.Subject}.", "Give one of them another name, or both the same type and hub.search.");
        }
    }
}
