-- 审核: an open application gets its voucher and its detail.
WITH application AS (
    UPDATE pay_voucher SET pay_cert_id = @key1, update_time = @now
    WHERE pay_app_id = (SELECT pay_app_id FROM pay_voucher WHERE pay_app_id >= @start AND pay_cert_id IS NULL AND is_deleted = '2' ORDER BY pay_app_id LIMIT 1 FOR UPDATE)
    RETURNING *
), voucher AS (
    INSERT INTO pay_voucher_bill (pay_cert_id, pay_cert_no, mof_div_code, fiscal_year, agency_code, dept_code, pro_code, vou_date, pay_amt, fund_type_code, exp_func_code,
        gov_bgt_eco_code, dep_bgt_eco_code, pay_bus_type_code, set_mode_code, use_des, abstract, pay_acct_name, pay_acct_no, pay_acct_bank_name,
        payee_acct_name, payee_acct_no, payee_acct_bank_name, receiver_code, currency_code, is_deleted, create_time, update_time)
    SELECT pay_cert_id, 'PZ' || @number, mof_div_code, fiscal_year, agency_code, dept_code, pro_code, @today, pay_app_amt, fund_type_code, exp_func_code,
        gov_bgt_eco_code, dep_bgt_eco_code, pay_bus_type_code, set_mode_code, use_des, use_des, pay_acct_name, pay_acct_no, pay_acct_bank_name,
        payee_acct_name, payee_acct_no, payee_acct_bank_name, receiver_code, currency_code, '2', @now, @now
    FROM application RETURNING 1
), detail AS (
    INSERT INTO pay_detail (pay_detail_id, pay_apply_id, pay_cert_id, pay_cert_no, mof_div_code, fiscal_year, agency_code, pay_amt, add_word,
        payee_acct_name, payee_acct_no, payee_acct_bank_name, receiver_code, tracking_id, is_deleted, create_time, update_time)
    SELECT @key2, pay_app_id, pay_cert_id, 'PZ' || @number, mof_div_code, fiscal_year, agency_code, pay_app_amt, use_des,
        payee_acct_name, payee_acct_no, payee_acct_bank_name, receiver_code, @key3, '2', @now, @now
    FROM application RETURNING 1
)
SELECT (SELECT count(*) FROM application) + (SELECT count(*) FROM voucher) + (SELECT count(*) FROM detail)
