using Npgsql;

namespace Hub.Benchmarks.Capture;

/// <summary>Many payment details in the demo's finance database, 1,000 to a transaction.</summary>
internal static class PaymentBacklog
{
    private const string Fill = """
        CREATE PROCEDURE fill(first int, last int) LANGUAGE plpgsql AS $$
        BEGIN
            FOR at IN first..last BY 1000 LOOP
                INSERT INTO pay_detail (pay_detail_id, pay_apply_id, pay_cert_id, pay_cert_no, mof_div_code, fiscal_year, agency_code, pay_amt, xpay_amt, xpay_date,
                    add_word, payee_acct_name, payee_acct_no, payee_acct_bank_name, receiver_code, tracking_id, is_deleted, create_time, update_time)
                SELECT upper(md5(n::text)), upper(md5('a' || n / 3)), upper(md5('v' || n / 2)), '2025' || lpad(n::text, 9, '0'), '320206000', '2025', '101001',
                    n % 100000 + 0.25, n % 100000 + 0.25, date '2025-01-01' + n % 300, '支付道路养护工程款第' || n || '期', '无锡市惠山区第' || n % 977 || '建设工程有限公司',
                    '6222' || lpad(n::text, 15, '0'), '中国工商银行惠山支行', lpad((n % 5000)::text, 12, '0'), upper(md5('t' || n)), '2', now(), now()
                FROM generate_series(at, at + 999) n;
                COMMIT;
            END LOOP;
        END $$;
        """;

    public static async Task FillAsync(NpgsqlConnection connection, int rows, CancellationToken cancellationToken)
    {
        await ExecuteAsync(connection, Fill, cancellationToken);
        await ExecuteAsync(connection, $"CALL fill(1, {rows})", cancellationToken);
    }

    public static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
