namespace Hub.Demo.Finance.Generation;

/// <summary>An agency of every year: where it stands, what it spends on.</summary>
internal sealed record Agency(
    string Division, string Code, string Name, string? DepartmentCode, string Location, string[] Functions, string[] Topics, int Number)
{
    /// <summary>The department that answers for it: itself, if it is one.</summary>
    public string Department => DepartmentCode ?? Code;

    public string CreditCode => Generation.CreditCode.Of("320206", 1_000_000 + Number);
}

/// <summary>The departments of 惠山区, its towns as finance divisions of their own, and the units below them.</summary>
internal static class AgencyDirectory
{
    public const string District = "320206000";

    public static IReadOnlyList<Agency> Build(int units)
    {
        var towns = Towns();
        var departments = new List<Agency>();
        var below = new List<(int Rank, Agency Unit)>();
        foreach (var line in EmbeddedText.Rows("data/departments.csv"))
            foreach (var (code, town) in Expand(line, towns))
            {
                var department = Department(line, code, town, departments.Count + 1);
                departments.Add(department);
                below.AddRange(Units(department, line[4], town is null ? towns : [town.Value]).Select((unit, rank) => (rank, unit)));
            }

        // The first unit of each department comes before the second of any, so that few units still cover all departments.
        return [.. departments, .. below.OrderBy(each => each.Rank).Take(units).Select(each => each.Unit)];
    }

    public static FinanceRow Row(Agency agency, int year, Random random)
        => FinanceRows.Agency(agency, year, FinanceNames.Person(random), random.Next(8, 120), random.Next(2, 9));

    private static (string Code, string Name)[] Towns()
        => [.. EmbeddedText.Rows("codes/region.csv").Where(row => row[3].StartsWith("320206", StringComparison.Ordinal) && row[3].Length == 9 && row[3] != District)
            .Select(row => (row[3], row[4]))];

    private static IEnumerable<(string Code, (string Code, string Name)? Town)> Expand(string[] line, (string Code, string Name)[] towns)
        => line[1] == "{town}" ? towns.Select((town, index) => ($"{201 + index}", ((string, string)?)town)) : [(line[0], null)];

    private static Agency Department(string[] line, string code, (string Code, string Name)? town, int number)
        => new(town?.Code ?? District, code, town is null ? line[1] : Government(town.Value.Name), null, town?.Code ?? District,
            line[2].Split(';'), line[3].Split(';'), number);

    private static string Government(string town) => town switch
    {
        _ when town.EndsWith('镇') => town + "人民政府",
        _ when town.EndsWith("街道", StringComparison.Ordinal) => town + "办事处",
        _ => town + "管理委员会",
    };

    private static IEnumerable<Agency> Units(Agency department, string patterns, (string Code, string Name)[] towns)
    {
        var names = patterns.Split(';', StringSplitOptions.RemoveEmptyEntries).SelectMany(pattern => pattern.Contains("{town}", StringComparison.Ordinal)
            ? towns.Select(town => (Name: pattern.Replace("{town}", town.Name, StringComparison.Ordinal), Location: town.Code))
            : [(Name: pattern, department.Location)]);
        return names.Select((each, index) => department with
        {
            Code = $"{department.Code}{101 + index}", Name = each.Name, DepartmentCode = department.Code, Location = each.Location,
            Number = department.Number * 1000 + index,
        });
    }
}
