-- 追加: the standing committee has approved more for an annual budget, which becomes a new indicator.
WITH budget AS (
    UPDATE bgt_pm_annual_zk SET adj_amt = adj_amt + @supplement, cur_amt = cur_amt + @supplement, update_time = @now
    WHERE bgt_pman_id = (SELECT bgt_pman_id FROM bgt_pm_annual_zk WHERE bgt_pman_id >= @start AND fiscal_year = @year AND is_deleted = 0 ORDER BY bgt_pman_id LIMIT 1 FOR UPDATE)
    RETURNING *
), indicator AS (
    INSERT INTO ba_bgt_info (bgt_id, bgt_pman_id, mof_div_code, fiscal_year, cor_bgt_doc_no, bgt_doc_title, doc_date, bgt_dec, agency_code, pro_code,
        fund_type_code, exp_func_code, gov_bgt_eco_code, dep_bgt_eco_code, bgt_type_code, source_type_code, amount, dis_amt, cur_amt, pay_app_amt, bgt_exe_flag,
        is_track, is_gov_pur, manage_mof_dep_code, bgt_mof_dep_code, pay_type_code, is_deleted, create_time, update_time)
    SELECT @key1, bgt_pman_id, mof_div_code, fiscal_year, '惠财预〔' || fiscal_year || '〕' || @document || '号', '关于追加' || fiscal_year || '年' || pro_name || '预算指标的通知',
        @today, pro_name || '追加', agency_code, pro_code, fund_type_code, exp_func_code, gov_bgt_eco_code, dep_bgt_eco_code, '21', '2', @supplement, 0, @supplement, 0, '1',
        '2', is_gov_pur, '29', '02', '1', '2', @now, @now
    FROM budget RETURNING 1
)
SELECT (SELECT count(*) FROM budget) + (SELECT count(*) FROM indicator)
