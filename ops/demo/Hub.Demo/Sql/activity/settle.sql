-- 实付: the bank has paid a voucher; its applications and details say so too.
WITH voucher AS (
    UPDATE pay_voucher_bill SET xpay_date = @today, act_lqd_date = @today, xpay_amt = pay_amt, xpayee_acct_name = payee_acct_name, xpayee_acct_no = payee_acct_no,
        xpayee_acct_bank_name = payee_acct_bank_name, agent_business_no = 'B' || pay_cert_no, update_time = @now
    WHERE pay_cert_id = (SELECT pay_cert_id FROM pay_voucher_bill WHERE pay_cert_id >= @start AND xpay_date IS NULL AND is_deleted = '2' ORDER BY pay_cert_id LIMIT 1 FOR UPDATE)
    RETURNING pay_cert_id
), application AS (
    UPDATE pay_voucher a SET xpay_amt = pay_app_amt, update_time = @now FROM voucher v WHERE a.pay_cert_id = v.pay_cert_id RETURNING 1
), detail AS (
    UPDATE pay_detail d SET xpay_amt = pay_amt, xpay_date = @today, update_time = @now FROM voucher v WHERE d.pay_cert_id = v.pay_cert_id RETURNING 1
)
SELECT (SELECT count(*) FROM voucher) + (SELECT count(*) FROM application) + (SELECT count(*) FROM detail)
