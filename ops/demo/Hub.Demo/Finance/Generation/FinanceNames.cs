namespace Hub.Demo.Finance.Generation;

/// <summary>One economic class in both classifications, what it buys, and the kind of firm that sells it.</summary>
internal sealed record Purpose(string GovEconomy, string DepEconomy, string Phrase, string Trade);

/// <summary>A firm that is paid. All firms and account numbers are invented.</summary>
internal sealed record Payee(string Name, string Account, string Bank, string Code);

/// <summary>The words that generated records are made of.</summary>
internal static class FinanceNames
{
    public static readonly IReadOnlyList<Purpose> Purposes =
    [
        new("50201", "30201", "办公用品采购", "办公用品有限公司"), new("50201", "30202", "印刷费", "印务有限公司"), new("50201", "30205", "水费", "自来水有限公司"),
        new("50201", "30206", "电费", "供电服务有限公司"), new("50201", "30209", "物业管理费", "物业管理有限公司"), new("50201", "30214", "租赁费", "设备租赁有限公司"),
        new("50203", "30216", "培训费", "教育咨询有限公司"), new("50205", "30203", "咨询费", "工程咨询有限公司"), new("50205", "30226", "劳务费", "劳务服务有限公司"),
        new("50205", "30227", "委托业务费", "技术服务有限公司"), new("50209", "30213", "维修养护费", "市政养护有限公司"), new("50302", "31005", "基础设施建设工程款", "建设工程有限公司"),
        new("50306", "31003", "专用设备购置", "仪器设备有限公司"), new("50306", "31007", "信息系统建设费", "信息科技有限公司"), new("50307", "31006", "大型修缮工程款", "建筑装饰有限公司"),
        new("50204", "30218", "专用材料购置", "医疗器械有限公司"), new("50999", "30399", "补助资金", "社会服务中心"),
    ];

    public static readonly IReadOnlyList<string> Banks = ["江苏银行惠山支行", "无锡农商行惠山支行", "工商银行惠山支行", "建设银行惠山支行", "农业银行惠山支行", "中国银行惠山支行"];

    public static readonly IReadOnlyList<string> Stages = ["（一期）", "（二期）", "（三期）", "", "", ""];

    public static readonly IReadOnlyList<string> Reasons =
    [
        "根据区委区政府年度重点工作安排", "根据上级主管部门专项工作要求", "根据区人大代表建议办理结果", "为落实为民办实事项目", "根据行业规范和到期更新需要",
    ];

    private static readonly string[] Leading = ["惠澜", "锡岚", "梁鸿湖", "阳山源", "玉祁川", "洛城", "前洲汇", "堰桥里", "钱桥通", "古庄", "桃源里", "运河湾"];
    private static readonly string[] Second = ["恒", "达", "兴", "宏", "远", "诚", "瑞", "和", "润", "捷", "新", "安"];
    private static readonly string[] Surnames = ["王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "钱", "华", "过", "浦"];
    private static readonly string[] Given = ["建国", "志明", "晓燕", "海峰", "丽华", "文", "敏", "俊杰", "雪梅", "国强", "静", "伟东"];

    public static string Person(Random random) => random.Pick(Surnames) + random.Pick(Given);

    public static Payee PayeeFor(Purpose purpose, Random random)
    {
        var number = random.Next(Leading.Length * Second.Length);
        var name = $"无锡{Leading[number % Leading.Length]}{Second[number / Leading.Length]}{purpose.Trade}";
        return new Payee(name, Account(name), Banks[(int)(Hash(name) % (ulong)Banks.Count)], $"R{Hash(name) % 1_000_000_000:000000000}");
    }

    /// <summary>The same holder always has the same account of 19 digits.</summary>
    public static string Account(string holder) => $"3205{Hash(holder) % 1_000_000_000_000_000:000000000000000}";

    /// <summary>A hash that is the same in every run (FNV-1a), unlike that of <see cref="string"/>.</summary>
    public static ulong Hash(string text)
        => text.Aggregate(14695981039346656037UL, (hash, character) => unchecked((hash ^ character) * 1099511628211UL));
}
