using System.Text;

namespace Hub.Demo.Finance.Generation;

/// <summary>
/// The records of three fiscal years, about as many as asked for, in one pass and in bounded memory. Details add up to vouchers and
/// applications, applications stay within indicators, indicators add up to annual budgets. The same seed makes the same rows.
/// </summary>
internal sealed class FinanceGenerator(int scale, int seed)
{
    public const int FirstYear = 2024;
    public const int LastYear = 2026;

    private const double RowsPerBudget = 30.5;

    private readonly Random _random = new(seed);
    private readonly Dictionary<string, Queue<(Project Project, int Year)>> _ongoing = [];
    private int _projectNumber;
    private int _documentNumber;

    public IEnumerable<FinanceRow> Rows()
    {
        var agencies = AgencyDirectory.Build(units: scale / 200);
        var years = LastYear - FirstYear + 1;
        var budgets = (int)Math.Max(1, (scale - agencies.Count * years) / RowsPerBudget / years);
        var payments = new PaymentGenerator(_random);
        for (var year = FirstYear; year <= LastYear; year++)
        {
            _documentNumber = 0;
            foreach (var agency in agencies)
                yield return AgencyDirectory.Row(agency, year, _random);
            var share = Share(agencies.Count, budgets);
            for (var index = 0; index < agencies.Count; index++)
                foreach (var row in AgencyRows(agencies[index], year, share[index], payments))
                    yield return row;
        }
    }

    private int[] Share(int agencies, int budgets)
    {
        var share = new int[agencies];
        for (var index = 0; index < budgets; index++)
            share[index < agencies ? index : _random.Next(agencies)]++;
        return share;
    }

    private IEnumerable<FinanceRow> AgencyRows(Agency agency, int year, int count, PaymentGenerator payments)
    {
        var budgets = new List<Budget>(count);
        while (budgets.Count < count)
        {
            var (project, row) = NextProject(agency, year);
            yield return row;
            // A project may be paid from more than one annual budget, each with its own economic class.
            for (var parts = _random.Chance(0.3) ? 2 : 1; parts > 0 && budgets.Count < count; parts--)
                budgets.Add(NextBudget(project with { Purpose = parts == 2 ? _random.Pick(FinanceNames.Purposes) : project.Purpose }, year));
        }

        foreach (var row in Transfers(budgets))
            yield return row;
        foreach (var budget in budgets)
        {
            foreach (var indicator in budget.Indicators)
            {
                foreach (var row in payments.Rows(indicator))
                    yield return row;
                yield return FinanceRows.Indicator(indicator);
            }
            yield return FinanceRows.Budget(budget);
        }
    }

    private (Project Project, FinanceRow Row) NextProject(Agency agency, int year)
    {
        var ongoing = _ongoing.TryGetValue(agency.Code, out var known) ? known : _ongoing[agency.Code] = [];
        var project = ongoing.TryPeek(out var next) && next.Year <= year ? ongoing.Dequeue().Project : NewProject(agency, year);
        // One that goes on comes back next year under the same code.
        if (project.EndYear > year)
            ongoing.Enqueue((project, year + 1));
        var row = FinanceRows.Project(project, year, _random.NextYuan(50_000, 8_000_000), _random.Pick(FinanceNames.Reasons), Plan(project), FinanceNames.Person(_random));
        return (project, row);
    }

    private Project NewProject(Agency agency, int year)
    {
        var kind = _random.NextDouble();
        var (category, letter) = kind < 0.15 ? ("1", 'R') : kind < 0.4 ? ("2", 'Y') : kind < 0.6 ? ("313", 'T') : ("3", 'T');
        var code = $"{agency.Division[..6]}{year % 100:00}{agency.Department}{letter}{++_projectNumber:000000000}";
        var name = $"{(agency.Name.Length > 12 ? "" : agency.Name)}{_random.Pick(agency.Topics)}{_random.Pick(FinanceNames.Stages)}";
        var fund = _random.NextDouble() switch { < 0.86 => "111", < 0.93 => "121", < 0.96 => "122", _ => "2" };
        return new Project(code, name, category, agency, _random.Pick(agency.Functions), _random.Pick(FinanceNames.Purposes), fund,
            year, _random.Chance(0.4) ? year + _random.Next(1, 4) : year);
    }

    // One project in fifty has a plan of several kilobytes, which PostgreSQL stores out of line.
    private string Plan(Project project)
    {
        var plan = new StringBuilder($"{project.Name}分阶段实施，按季度考核。");
        for (var step = _random.Chance(0.02) ? 150 : 0; step > 0; step--)
            plan.Append($"第{step}项：由{FinanceNames.Person(_random)}负责，编号{_random.NextKey()}，{_random.Pick(FinanceNames.Reasons)}完成{_random.Pick(FinanceNames.Purposes).Phrase}。");
        return plan.ToString();
    }

    private Budget NextBudget(Project project, int year)
    {
        var applied = _random.NextYuan(20_000, 5_000_000);
        var approved = applied / 100 * _random.Next(75, 101) / 100 * 100;
        var budget = new Budget(_random.NextKey(), project, year, applied, approved, _random.Chance(0.05) ? _random.NextYuan(10_000, 500_000) : 0);
        var document = new DateOnly(year, 1, 20).AddDays(_random.Next(20));
        foreach (var amount in _random.Split(approved, _random.Chance(0.25) ? 2 : 1))
            budget.Indicators.Add(new Indicator(_random.NextKey(), budget, null, "1", amount, ++_documentNumber, document));
        if (budget.Adjusted > 0)
            budget.Indicators.Add(new Indicator(_random.NextKey(), budget, null, "2", budget.Adjusted, ++_documentNumber, new DateOnly(year, 5, 10)));
        return budget;
    }

    // What one budget gives the other receives, as an indicator made from the first one's.
    private IEnumerable<FinanceRow> Transfers(List<Budget> budgets)
    {
        for (var index = 1; index < budgets.Count; index++)
        {
            if (!_random.Chance(0.12))
                continue;

            var (giver, taker) = (budgets[index - 1], budgets[index]);
            var from = giver.Indicators[0];
            var amount = from.Amount / 100 / _random.Next(8, 20) * 100;
            var into = new Indicator(_random.NextKey(), taker, from, "4", amount, ++_documentNumber, new DateOnly(taker.Year, 4, 1).AddDays(_random.Next(60)));
            from.Reduced += amount;
            giver.Transferred -= amount;
            taker.Transferred += amount;
            taker.Indicators.Add(into);
            yield return FinanceRows.Adjustment(_random.NextKey(), into);
        }
    }
}
