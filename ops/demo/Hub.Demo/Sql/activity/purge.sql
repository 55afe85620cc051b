-- 清除: a row that was marked deleted goes for good.
WITH application AS (
    DELETE FROM pay_voucher
    WHERE pay_app_id = (SELECT pay_app_id FROM pay_voucher WHERE pay_app_id >= @start AND pay_cert_id IS NULL AND is_deleted = '1' ORDER BY pay_app_id LIMIT 1 FOR UPDATE)
    RETURNING 1
)
SELECT count(*) FROM application
