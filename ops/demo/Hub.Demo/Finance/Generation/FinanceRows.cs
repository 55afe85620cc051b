using static Hub.Demo.Finance.Text;

namespace Hub.Demo.Finance.Generation;

/// <summary>The columns the demo fills in each table, beside the values it fills them with.</summary>
internal static class FinanceRows
{
    private static readonly FinanceTable AgencyTable = new("ele_vd00010", "ele_id", "ele_code", "ele_name", "mof_div_code", "fiscal_year", "level_no", "is_leaf",
        "unifsoc_cred_code", "agencytype", "agency_adm_level_code", "ind_code", "agency_leader_per_name", "agency_add", "zip", "location", "supdep_code",
        "is_pre_depar_fin_accounts", "quota_staf_num", "actual_staf_num", "start_date", "is_enabled", "is_deleted", "create_time", "update_time");

    private static readonly FinanceTable ProjectTable = new("project_info", "mof_div_code", "fiscal_year", "pro_code", "pro_name", "pro_cat_code", "agency_code",
        "use_agency_name", "dept_code", "mof_dep", "pro_start_year", "end_year", "pro_term", "pro_total_amt", "degisn_consideration", "pro_desc", "pro_necessary",
        "pro_plan", "money_measure", "distri_type_code", "is_gov", "is_govbuy", "is_asset", "is_track", "apply_link_man", "apply_link_tel",
        "is_deleted", "create_time", "update_time");

    private static readonly FinanceTable BudgetTable = new("bgt_pm_annual_zk", "bgt_pman_id", "fiscal_year", "mof_div_code", "dept_code", "agency_code", "pro_code",
        "pro_name", "exp_func_code", "gov_bgt_eco_code", "dep_bgt_eco_code", "fund_type_code", "found_type_code", "apply_up", "fin_audit_money", "reply_amt",
        "adj_amt", "dis_amt", "cur_amt", "is_assigned", "is_gov_pur", "is_construction", "is_bgt_end", "is_deleted", "version", "batchno", "create_time", "update_time");

    private static readonly FinanceTable IndicatorTable = new("ba_bgt_info", "bgt_id", "ori_bgt_id", "bgt_pman_id", "mof_div_code", "fiscal_year", "cor_bgt_doc_no",
        "bgt_doc_title", "doc_date", "bgt_dec", "agency_code", "pro_code", "fund_type_code", "exp_func_code", "gov_bgt_eco_code", "dep_bgt_eco_code",
        "bgt_type_code", "source_type_code", "amount", "dis_amt", "cur_amt", "pay_app_amt", "bgt_exe_flag", "adj_batch_no", "is_track", "is_gov_pur",
        "manage_mof_dep_code", "bgt_mof_dep_code", "pay_type_code", "is_deleted", "create_time", "update_time");

    private static readonly FinanceTable AdjustmentTable = new("ba_bgt_adjsub", "adj_sub_id", "mof_div_code", "fiscal_year", "bat_num", "adj_date",
        "source_type_code", "bgt_id", "ori_bgt_id", "add_amount", "cor_bgt_doc_no", "bgt_doc_title", "doc_date", "is_deleted", "create_time", "update_time");

    private static readonly FinanceTable ApplicationTable = new("pay_voucher", "pay_app_id", "pay_app_no", "mof_div_code", "fiscal_year", "bgt_id", "pay_cert_id",
        "agency_code", "dept_code", "pro_code", "contract_no", "create_date", "pay_app_amt", "xpay_amt", "fund_type_code", "exp_func_code", "gov_bgt_eco_code",
        "dep_bgt_eco_code", "bgt_type_code", "pay_type_code", "pay_bus_type_code", "set_mode_code", "use_des", "pay_acct_name", "pay_acct_no", "pay_acct_bank_name",
        "payee_acct_name", "payee_acct_no", "payee_acct_bank_name", "receiver_code", "currency_code", "is_deleted", "create_time", "update_time");

    private static readonly FinanceTable VoucherTable = new("pay_voucher_bill", "pay_cert_id", "pay_cert_no", "mof_div_code", "fiscal_year", "agency_code",
        "dept_code", "pro_code", "vou_date", "xpay_date", "act_lqd_date", "pay_amt", "xpay_amt", "fund_type_code", "exp_func_code", "gov_bgt_eco_code",
        "dep_bgt_eco_code", "pay_bus_type_code", "set_mode_code", "use_des", "abstract", "pay_acct_name", "pay_acct_no", "pay_acct_bank_name",
        "payee_acct_name", "payee_acct_no", "payee_acct_bank_name", "xpayee_acct_name", "xpayee_acct_no", "xpayee_acct_bank_name", "receiver_code",
        "agent_business_no", "currency_code", "is_deleted", "create_time", "update_time");

    private static readonly FinanceTable DetailTable = new("pay_detail", "pay_detail_id", "pay_apply_id", "pay_cert_id", "pay_cert_no", "mof_div_code", "fiscal_year",
        "agency_code", "pay_amt", "xpay_amt", "xpay_date", "add_word", "payee_acct_name", "payee_acct_no", "payee_acct_bank_name", "receiver_code",
        "tracking_id", "is_deleted", "create_time", "update_time");

    public static FinanceRow Agency(Agency a, int year, string leader, int posts, int vacant)
    {
        var created = Noon(new DateOnly(year - 1, 12, 20));
        return new(AgencyTable, Key($"{a.Division}~{year}~{a.Code}"), a.Code, a.Name, a.Division, Number(year), a.DepartmentCode is null ? "1" : "2",
            Flag(a.DepartmentCode is not null), a.CreditCode, a.DepartmentCode is null ? "行政单位" : "事业单位", a.DepartmentCode is null ? "4" : "5", "S92", leader,
            $"无锡市惠山区文惠路{a.Number % 300 + 1}号", "214174", a.Location, a.DepartmentCode, "1", Number(posts), Number(Math.Max(1, posts - vacant)),
            Date(new DateOnly(year, 1, 1)), Yes, No, created, created);
    }

    public static FinanceRow Project(Project p, int year, long total, string reason, string plan, string person)
    {
        var created = Noon(new DateOnly(year - 1, 11, 5));
        return new(ProjectTable, p.Agency.Division, Number(year), p.Code, p.Name, p.Category, p.Agency.Code, p.Agency.Name, p.Agency.Department, "29",
            Number(p.StartYear), Number(p.EndYear), Number(p.EndYear - p.StartYear + 1), Money(total), $"{reason}，实施{p.Name}。",
            $"{p.Agency.Name}组织实施{p.Name}，主要用于{p.Purpose.Phrase}。", $"保障{p.Agency.Name}履职和辖区群众需要。", plan,
            $"按市场询价和历年支出水平测算，{p.Purpose.Phrase}共计{Money(total)}元。", "1", Flag(p.Purpose.DepEconomy.StartsWith("310", StringComparison.Ordinal)),
            Flag(p.Purpose.DepEconomy is "30227"), Flag(p.Purpose.DepEconomy is "31003"), No, person, "0510-00000000", No, created, created);
    }

    public static FinanceRow Budget(Budget b)
    {
        var (p, created) = (b.Project, Noon(new DateOnly(b.Year, 1, 15)));
        return new(BudgetTable, b.Id, Number(b.Year), p.Agency.Division, p.Agency.Department, p.Agency.Code, p.Code, p.Name, p.Function, p.Purpose.GovEconomy,
            p.Purpose.DepEconomy, p.Fund, "212", Money(b.Applied), Money(b.Approved), Money(b.Approved), Money(b.Adjusted), Money(b.Transferred),
            Money(b.Approved + b.Adjusted + b.Transferred), No, Flag(p.Purpose.DepEconomy.StartsWith("310", StringComparison.Ordinal)),
            Flag(p.Purpose.DepEconomy is "31005"), No, "0", "1", "01", created, created);
    }

    public static FinanceRow Indicator(Indicator i)
    {
        var (p, created) = (i.Budget.Project, Noon(i.DocumentDate));
        return new(IndicatorTable, i.Id, i.Original?.Id, i.Budget.Id, p.Agency.Division, Number(i.Budget.Year), DocumentNumber(i), DocumentTitle(i),
            Date(i.DocumentDate), $"{p.Agency.Name}{p.Name}{p.Purpose.Phrase}", p.Agency.Code, p.Code, p.Fund, p.Function, p.Purpose.GovEconomy, p.Purpose.DepEconomy,
            "21", i.SourceType, Money(i.Amount), Money(i.Reduced), Money(i.Effective - i.Applied), Money(i.Applied), "1", i.Original is null ? null : "01",
            No, Flag(p.Purpose.DepEconomy.StartsWith("310", StringComparison.Ordinal)), "29", "02", "1", No, created, created);
    }

    public static FinanceRow Adjustment(string id, Indicator i)
        => new(AdjustmentTable, id, i.Budget.Project.Agency.Division, Number(i.Budget.Year), "01", Date(i.DocumentDate), "4", i.Id, i.Original!.Id, Money(i.Amount),
            DocumentNumber(i), DocumentTitle(i), Date(i.DocumentDate), No, Noon(i.DocumentDate), Noon(i.DocumentDate));

    public static FinanceRow Application(Payment pay, string? contract, DateTimeOffset? at = null)
    {
        var (p, i, created) = (pay.Indicator.Budget.Project, pay.Indicator, at is { } time ? Time(time) : Noon(pay.Date));
        return new(ApplicationTable, pay.ApplicationId, pay.ApplicationNumber, p.Agency.Division, Number(i.Budget.Year), i.Id, pay.Voucher?.Id, p.Agency.Code,
            p.Agency.Department, p.Code, contract, Date(pay.Date), Money(pay.Amount), pay.Voucher?.PaidDate is null ? null : Money(pay.Amount), p.Fund, p.Function,
            p.Purpose.GovEconomy, p.Purpose.DepEconomy, "21", "1", "1", "1", pay.Use, p.Agency.Name, FinanceNames.Account(p.Agency.Name), FinanceNames.Banks[0],
            pay.Payee.Name, pay.Payee.Account, pay.Payee.Bank, pay.Payee.Code, "CNY", Flag(pay.IsDeleted), created,
            pay.Voucher?.PaidDate is { } paid ? Noon(paid) : created);
    }

    public static FinanceRow Voucher(Voucher v, Payment first)
    {
        var (p, to, paid) = (first.Indicator.Budget.Project, first.Payee, v.PaidDate is { } date ? Date(date) : null);
        return new(VoucherTable, v.Id, v.Number, p.Agency.Division, Number(first.Indicator.Budget.Year), p.Agency.Code, p.Agency.Department, p.Code, Date(v.Date), paid,
            v.PaidDate is { } cleared ? Date(cleared.AddDays(1)) : null, Money(v.Amount), paid is null ? null : Money(v.Amount), p.Fund, p.Function, p.Purpose.GovEconomy,
            p.Purpose.DepEconomy, "1", "1", first.Use, $"{p.Name}{p.Purpose.Phrase}", p.Agency.Name, FinanceNames.Account(p.Agency.Name), FinanceNames.Banks[0],
            to.Name, to.Account, to.Bank, to.Name, to.Account, to.Bank, to.Code, paid is null ? null : $"B{v.Number}", "CNY", No, Noon(v.Date), Noon(v.PaidDate ?? v.Date));
    }

    public static FinanceRow Detail(string id, string tracking, Payment pay, Voucher v, long amount)
        => new(DetailTable, id, pay.ApplicationId, v.Id, v.Number, pay.Indicator.Budget.Project.Agency.Division, Number(pay.Indicator.Budget.Year),
            pay.Indicator.Budget.Project.Agency.Code, Money(amount), v.PaidDate is null ? null : Money(amount), v.PaidDate is { } paid ? Date(paid) : null,
            pay.Use, pay.Payee.Name, pay.Payee.Account, pay.Payee.Bank, pay.Payee.Code, tracking, No, Noon(v.Date), Noon(v.PaidDate ?? v.Date));

    private static string DocumentNumber(Indicator i) => $"惠财预〔{i.Budget.Year}〕{i.DocumentNumber}号";

    private static string DocumentTitle(Indicator i) => i.SourceType switch
    {
        "4" => $"关于调剂{i.Budget.Year}年{i.Budget.Project.Name}预算指标的通知",
        "2" => $"关于追加{i.Budget.Year}年{i.Budget.Project.Name}预算指标的通知",
        _ => $"关于下达{i.Budget.Year}年{i.Budget.Project.Name}预算指标的通知",
    };

    private static string Key(string name) => $"{FinanceNames.Hash(name):X16}{FinanceNames.Hash("ele" + name):X16}";

    private static string Noon(DateOnly date) => Time(new DateTimeOffset(date, new TimeOnly(12, 0), TimeSpan.FromHours(8)));
}
