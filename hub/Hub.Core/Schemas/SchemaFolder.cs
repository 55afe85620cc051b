using System.Globalization;
using Hub.Core.Ops;

namespace Hub.Core.Schemas;

/// <summary>Loads a <c>schemas/</c> folder: <c>&lt;domain&gt;/&lt;subject&gt;/&lt;version&gt;.avsc</c> and <c>codes/&lt;list&gt;.csv</c>.</summary>
public static class SchemaFolder
{
    /// <exception cref="HubException">Something in the folder is wrong; all of it is named.</exception>
    public static SchemaCatalog Load(string folder)
    {
        var findings = new List<Finding>();
        var schemas = new List<SubjectSchema>();
        if (!Directory.Exists(folder))
            throw new HubException(new Finding(Codes.SchemaInvalid, Severity.Error, folder, "there is no such folder.", "Name the folder that holds the schemas."));

        foreach (var file in Directory.EnumerateFiles(folder, "*.avsc", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
            if (ReadSchema(file, findings) is { } schema)
                schemas.Add(schema);

        var lists = CodeListFolder.Load(Path.Combine(folder, "codes"), findings);
        Check(folder, schemas, lists, findings);
        return findings.Count > 0 ? throw new HubException(findings) : new SchemaCatalog(schemas.Select(schema => Hide(schema, schemas)), lists);
    }

    /// <summary>Records of an earlier version live on: what a later one hides, they must not show.</summary>
    private static SubjectSchema Hide(SubjectSchema schema, List<SubjectSchema> schemas)
    {
        var later = schemas.Where(other => other.Subject == schema.Subject && other.Version > schema.Version).OrderBy(other => other.Version).ToList();
        return later.Count == 0 ? schema : schema.WithFields([.. schema.Fields.Select(field => Hide(field, later))]);
    }

    private static FieldSchema Hide(FieldSchema field, List<SubjectSchema> later)
    {
        foreach (var next in later.Select(schema => schema.Find(field.Name)).OfType<FieldSchema>())
            field = field with { Mask = field.Mask == MaskRule.None ? next.Mask : field.Mask, Level = Math.Max(field.Level, next.Level) };
        return field;
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

    /// <summary>One search goes over all subjects, so a name must mean one kind of field everywhere.</summary>
    private static void CheckSameRole(List<SubjectSchema> schemas, Action<string, string, string> fail)
    {
        var byName = schemas.SelectMany(schema => schema.Fields, (schema, field) => (schema, field))
            .GroupBy(pair => pair.field.Name, StringComparer.Ordinal);
        foreach (var group in byName)
        {
            var (first, field) = group.First();
            foreach (var (schema, other) in group.Where(pair => (pair.field.Search, pair.field.Type, pair.field.Scale) != (field.Search, field.Type, field.Scale)))
                fail(Codes.SchemaFieldClash, $"field '{group.Key}' is {other.Type}/{other.Search} in {schema.Subject} but {field.Type}/{field.Search} in {first.Subject}.", "Give one of them another name, or both the same type and hub.search.");
        }
    }
}
