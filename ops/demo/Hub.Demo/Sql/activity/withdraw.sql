-- 撤回: an open application is marked deleted, and the indicator gets its amount back.
WITH application AS (
    UPDATE pay_voucher SET is_deleted = '1', update_time = @now
    WHERE pay_app_id = (SELECT pay_app_id FROM pay_voucher WHERE pay_app_id >= @start AND pay_cert_id IS NULL AND is_deleted = '2' ORDER BY pay_app_id LIMIT 1 FOR UPDATE)
    RETURNING bgt_id, pay_app_amt
), released AS (
    UPDATE ba_bgt_info i SET pay_app_amt = i.pay_app_amt - a.pay_app_amt, cur_amt = i.cur_amt + a.pay_app_amt, update_time = @now
    FROM application a WHERE i.bgt_id = a.bgt_id RETURNING 1
)
SELECT (SELECT count(*) FROM application) + (SELECT count(*) FROM released)
