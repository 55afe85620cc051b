-- 申请: an agency applies for a payment, and the indicator holds the amount.
WITH indicator AS (
    SELECT i.*, b.pro_name, b.dept_code, a.ele_name, round(greatest(100, least(i.cur_amt, i.cur_amt * @share)), 2) AS pay
    FROM ba_bgt_info i
    JOIN bgt_pm_annual_zk b USING (bgt_pman_id)
    JOIN ele_vd00010 a ON a.mof_div_code = i.mof_div_code AND a.fiscal_year = i.fiscal_year AND a.ele_code = i.agency_code
    WHERE i.bgt_id >= @start AND i.fiscal_year = @year AND i.is_deleted = '2' AND i.cur_amt >= 1000
    ORDER BY i.bgt_id LIMIT 1 FOR UPDATE OF i
), application AS (
    INSERT INTO pay_voucher (pay_app_id, pay_app_no, mof_div_code, fiscal_year, bgt_id, agency_code, dept_code, pro_code, create_date, pay_app_amt,
        fund_type_code, exp_func_code, gov_bgt_eco_code, dep_bgt_eco_code, bgt_type_code, pay_type_code, pay_bus_type_code, set_mode_code, use_des,
        pay_acct_name, pay_acct_no, pay_acct_bank_name, payee_acct_name, payee_acct_no, payee_acct_bank_name, receiver_code, currency_code, is_deleted, create_time, update_time)
    SELECT @key1, 'ZF' || @number, mof_div_code, fiscal_year, bgt_id, agency_code, dept_code, pro_code, @today, pay,
        left(fund_type_code, 4), exp_func_code, gov_bgt_eco_code, dep_bgt_eco_code, bgt_type_code, pay_type_code, '1', '1', @month || pro_name || @phrase,
        ele_name, '3205' || left(translate(md5(ele_name), 'abcdef', '012345'), 15), @bank, @payee, @account, @bank, @receiver, 'CNY', '2', @now, @now
    FROM indicator RETURNING 1
), spent AS (
    UPDATE ba_bgt_info i SET pay_app_amt = i.pay_app_amt + n.pay, cur_amt = i.cur_amt - n.pay, update_time = @now
    FROM indicator n WHERE i.bgt_id = n.bgt_id RETURNING 1
)
SELECT (SELECT count(*) FROM application) + (SELECT count(*) FROM spent)
