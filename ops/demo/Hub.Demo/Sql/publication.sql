-- The indexes of the drill path, and what the partial ones are for: the activity's search for open applications and unpaid vouchers.
CREATE INDEX ON ba_bgt_info (bgt_pman_id);
CREATE INDEX ON ba_bgt_adjsub (ori_bgt_id);
CREATE INDEX ON ba_bgt_adjsub (bgt_id);
CREATE INDEX ON pay_voucher (bgt_id);
CREATE INDEX ON pay_voucher (pay_cert_id);
CREATE INDEX ON pay_voucher (pay_app_id) WHERE pay_cert_id IS NULL;
CREATE INDEX ON pay_voucher_bill (pay_cert_id) WHERE xpay_date IS NULL;
CREATE INDEX ON pay_detail (pay_cert_id);
CREATE INDEX ON pay_detail (pay_apply_id);

CREATE PUBLICATION hub FOR TABLE ele_vd00010, project_info, bgt_pm_annual_zk, ba_bgt_info, ba_bgt_adjsub,
    pay_voucher, pay_voucher_bill, pay_detail, final_account_line;

GRANT USAGE ON SCHEMA public TO hub;
GRANT SELECT ON ele_vd00010, project_info, bgt_pm_annual_zk, ba_bgt_info, ba_bgt_adjsub,
    pay_voucher, pay_voucher_bill, pay_detail, final_account_line TO hub;
