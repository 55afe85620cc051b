namespace Hub.Demo.Finance.Generation;

/// <summary>The payments from one indicator: applications, the vouchers that serve them, and the details of both.</summary>
internal sealed class PaymentGenerator(Random random)
{
    // The last year is under way: its generated payments end here.
    private static readonly DateOnly LastDay = new(FinanceGenerator.LastYear, 6, 30);

    private int _number;

    /// <summary>States what it applied for in the indicator.</summary>
    public IEnumerable<FinanceRow> Rows(Indicator indicator)
    {
        var payments = Payments(indicator);
        for (var index = 0; index < payments.Count;)
        {
            var size = Math.Min(payments.Count - index, random.Chance(0.12) ? 2 : 1);
            foreach (var row in VoucherRows(payments.GetRange(index, size), indicator))
                yield return row;
            index += size;
        }
        indicator.Applied = payments.Sum(each => each.Amount);
        if (random.Chance(0.03))
            yield return FinanceRows.Application(Next(indicator, random.NextYuan(100, 5_000), indicator.DocumentDate, deleted: true), null);
    }

    private List<Payment> Payments(Indicator indicator)
    {
        var open = indicator.Budget.Year == FinanceGenerator.LastYear;
        var total = indicator.Effective / 100 * random.Next(open ? 30 : 88, open ? 56 : 100) / 100 * 100;
        if (total <= 0)
            return [];

        var last = open ? LastDay : new DateOnly(indicator.Budget.Year, 12, 20);
        var days = Math.Max(1, last.DayNumber - indicator.DocumentDate.DayNumber);
        var parts = random.Split(total, random.Next(3, 11));
        var dates = parts.Select(_ => indicator.DocumentDate.AddDays(random.Next(days))).Order().ToArray();
        return [.. parts.Select((amount, index) => Next(indicator, amount, dates[index], deleted: false))];
    }

    private Payment Next(Indicator indicator, long amount, DateOnly date, bool deleted)
        => new(indicator, random.NextKey(), $"ZF{indicator.Budget.Year}{++_number:000000000}", amount, date,
            FinanceNames.PayeeFor(indicator.Budget.Project.Purpose, random)) { IsDeleted = deleted };

    private IEnumerable<FinanceRow> VoucherRows(List<Payment> payments, Indicator indicator)
    {
        // One voucher pays one payee.
        payments = [.. payments.Select(each => each with { Payee = payments[0].Payee })];
        var last = payments[^1];
        var isOpen = indicator.Budget.Year == FinanceGenerator.LastYear;
        var voucher = isOpen && random.Chance(0.08) ? null : NextVoucher(payments.Sum(each => each.Amount), last, isOpen);
        foreach (var payment in payments)
        {
            payment.Voucher = voucher;
            yield return FinanceRows.Application(payment, random.Chance(0.3) ? $"HT{payment.Date.Year}-{random.Next(1, 100_000):00000}" : null);
            if (voucher is null)
                continue;

            foreach (var amount in random.Split(payment.Amount, random.Chance(0.15) ? 2 : 1))
                yield return FinanceRows.Detail(random.NextKey(), random.NextKey(), payment, voucher, amount);
        }
        if (voucher is not null)
            yield return FinanceRows.Voucher(voucher, payments[0]);
    }

    private Voucher NextVoucher(long amount, Payment last, bool isOpen)
    {
        var date = last.Date.AddDays(random.Next(5));
        DateOnly? paid = isOpen && random.Chance(0.06) ? null : date.AddDays(random.Next(3));
        return new Voucher(random.NextKey(), $"PZ{last.Indicator.Budget.Year}{++_number:000000000}", amount, date, paid);
    }
}
