namespace Hub.Demo.Finance.Generation;

internal sealed record Project(string Code, string Name, string Category, Agency Agency, string Function, Purpose Purpose, string Fund, int StartYear, int EndYear);

/// <summary>The budget of a project in one year; amounts in 分.</summary>
internal sealed record Budget(string Id, Project Project, int Year, long Applied, long Approved, long Adjusted)
{
    /// <summary>Moved in (+) or out (−) within the approved total.</summary>
    public long Transferred { get; set; }

    public List<Indicator> Indicators { get; } = [];
}

/// <summary>A right to spend; amounts in 分.</summary>
internal sealed record Indicator(string Id, Budget Budget, Indicator? Original, string SourceType, long Amount, int DocumentNumber, DateOnly DocumentDate)
{
    public long Reduced { get; set; }

    public long Applied { get; set; }

    public long Effective => Amount - Reduced;
}

/// <summary>What a payment from an indicator is made with.</summary>
internal sealed record Payment(Indicator Indicator, string ApplicationId, string ApplicationNumber, long Amount, DateOnly Date, Payee Payee)
{
    public Voucher? Voucher { get; set; }

    public bool IsDeleted { get; init; }

    public string Use => $"{Date.Year}年{Date.Month}月{Indicator.Budget.Project.Name}{Indicator.Budget.Project.Purpose.Phrase}";
}

internal sealed record Voucher(string Id, string Number, long Amount, DateOnly Date, DateOnly? PaidDate);
