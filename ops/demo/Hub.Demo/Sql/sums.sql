-- Every row returned breaks a rule: rule, key, the two sides. No row: the sums add up along the drill path.
WITH voucher AS (SELECT * FROM pay_voucher_bill WHERE is_deleted = '2'),
application AS (SELECT * FROM pay_voucher WHERE is_deleted = '2'),
detail AS (SELECT * FROM pay_detail WHERE is_deleted = '2'),
indicator AS (SELECT * FROM ba_bgt_info WHERE is_deleted = '2'),
adjustment AS (SELECT * FROM ba_bgt_adjsub WHERE is_deleted = '2'),
budget AS (SELECT * FROM bgt_pm_annual_zk WHERE is_deleted = 0),
applied AS (SELECT bgt_id, sum(pay_app_amt) AS amount FROM application GROUP BY 1),
broken (rule, key, stated, summed) AS (
    SELECT 'details of a voucher = voucher', coalesce(v.pay_cert_id, d.pay_cert_id), v.pay_amt, d.amount
    FROM voucher v FULL JOIN (SELECT pay_cert_id, sum(pay_amt) AS amount FROM detail GROUP BY 1) d USING (pay_cert_id)
    WHERE v.pay_amt IS DISTINCT FROM d.amount
  UNION ALL
    SELECT 'applications of a voucher = voucher', coalesce(v.pay_cert_id, a.pay_cert_id), v.pay_amt, a.amount
    FROM voucher v FULL JOIN (SELECT pay_cert_id, sum(pay_app_amt) AS amount FROM application WHERE pay_cert_id IS NOT NULL GROUP BY 1) a USING (pay_cert_id)
    WHERE v.pay_amt IS DISTINCT FROM a.amount
  UNION ALL
    SELECT 'details of an application = application', coalesce(a.pay_app_id, d.pay_apply_id), a.pay_app_amt, d.amount
    FROM (SELECT * FROM application WHERE pay_cert_id IS NOT NULL) a
    FULL JOIN (SELECT pay_apply_id, sum(pay_amt) AS amount FROM detail GROUP BY 1) d ON d.pay_apply_id = a.pay_app_id
    WHERE a.pay_app_amt IS DISTINCT FROM d.amount
  UNION ALL
    SELECT 'paid details of a voucher = paid voucher', v.pay_cert_id, v.xpay_amt, d.amount
    FROM voucher v JOIN (SELECT pay_cert_id, sum(xpay_amt) AS amount FROM detail GROUP BY 1) d USING (pay_cert_id)
    WHERE v.xpay_amt IS DISTINCT FROM d.amount
  UNION ALL
    SELECT 'applications of an indicator <= indicator', i.bgt_id, i.amount - i.dis_amt, a.amount
    FROM applied a LEFT JOIN indicator i USING (bgt_id) WHERE a.amount <= i.amount - i.dis_amt IS NOT TRUE
  UNION ALL
    SELECT 'applied amount stated by an indicator', i.bgt_id, i.pay_app_amt, coalesce(a.amount, 0)
    FROM indicator i LEFT JOIN applied a USING (bgt_id)
    WHERE i.pay_app_amt <> coalesce(a.amount, 0) OR i.cur_amt <> i.amount - i.dis_amt - i.pay_app_amt
  UNION ALL
    SELECT 'indicators of an annual budget = budget', coalesce(b.bgt_pman_id, i.bgt_pman_id), b.cur_amt, i.amount
    FROM budget b FULL JOIN (SELECT bgt_pman_id, sum(amount - dis_amt) AS amount FROM indicator GROUP BY 1) i USING (bgt_pman_id)
    WHERE b.cur_amt IS DISTINCT FROM i.amount
  UNION ALL
    SELECT 'approved + adjusted + transferred = budget', bgt_pman_id, cur_amt, reply_amt + adj_amt + dis_amt
    FROM budget WHERE cur_amt IS DISTINCT FROM reply_amt + adj_amt + dis_amt
  UNION ALL
    SELECT 'adjustments out of an indicator = reduction', i.bgt_id, i.dis_amt, coalesce(a.amount, 0)
    FROM indicator i LEFT JOIN (SELECT ori_bgt_id, sum(add_amount) AS amount FROM adjustment GROUP BY 1) a ON a.ori_bgt_id = i.bgt_id
    WHERE i.dis_amt <> coalesce(a.amount, 0)
  UNION ALL
    SELECT 'adjustments into an indicator = indicator', i.bgt_id, i.amount, coalesce(a.amount, 0)
    FROM indicator i LEFT JOIN (SELECT bgt_id, sum(add_amount) AS amount FROM adjustment GROUP BY 1) a USING (bgt_id)
    WHERE i.source_type_code = '4' AND i.amount <> coalesce(a.amount, 0)
  UNION ALL
    SELECT 'transfers of a division and year = 0', mof_div_code || '~' || fiscal_year, 0, sum(dis_amt) FROM budget GROUP BY 2 HAVING sum(dis_amt) <> 0
  UNION ALL
    SELECT 'project of an annual budget', b.bgt_pman_id, NULL, NULL FROM budget b
    LEFT JOIN project_info p USING (mof_div_code, fiscal_year, pro_code) WHERE p.is_deleted = '2' IS NOT TRUE
  UNION ALL
    SELECT 'agency of a project', p.pro_code, NULL, NULL FROM project_info p
    LEFT JOIN ele_vd00010 a ON a.mof_div_code = p.mof_div_code AND a.fiscal_year = p.fiscal_year AND a.ele_code = p.agency_code WHERE a.is_deleted = 2 IS NOT TRUE
  UNION ALL
    SELECT 'department of an agency', u.ele_code, NULL, NULL FROM ele_vd00010 u
    LEFT JOIN ele_vd00010 d ON d.mof_div_code = u.mof_div_code AND d.fiscal_year = u.fiscal_year AND d.ele_code = u.supdep_code
    WHERE u.supdep_code IS NOT NULL AND d.is_deleted = 2 IS NOT TRUE
)
SELECT rule, key, stated, summed FROM broken ORDER BY rule, key LIMIT 100
