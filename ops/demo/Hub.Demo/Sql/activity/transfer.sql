-- 调剂: one indicator gives, a new indicator of another annual budget of the same division and year receives.
WITH giver AS (
    SELECT *, round(cur_amt * @share, 2) AS moved FROM ba_bgt_info
    WHERE bgt_id >= @start AND fiscal_year = @year AND is_deleted = '2' AND cur_amt >= 10000
    ORDER BY bgt_id LIMIT 1 FOR UPDATE
), taker AS (
    SELECT b.*, g.bgt_id AS giver_id, g.bgt_pman_id AS giver_budget, g.moved
    FROM giver g, LATERAL (
        SELECT * FROM bgt_pm_annual_zk
        WHERE bgt_pman_id >= @start AND bgt_pman_id <> g.bgt_pman_id AND mof_div_code = g.mof_div_code AND fiscal_year = g.fiscal_year AND is_deleted = 0
        ORDER BY bgt_pman_id LIMIT 1) b
), indicator AS (
    INSERT INTO ba_bgt_info (bgt_id, ori_bgt_id, bgt_pman_id, mof_div_code, fiscal_year, cor_bgt_doc_no, bgt_doc_title, doc_date, bgt_dec, agency_code, pro_code,
        fund_type_code, exp_func_code, gov_bgt_eco_code, dep_bgt_eco_code, bgt_type_code, source_type_code, amount, dis_amt, cur_amt, pay_app_amt, bgt_exe_flag,
        adj_batch_no, is_track, is_gov_pur, manage_mof_dep_code, bgt_mof_dep_code, pay_type_code, is_deleted, create_time, update_time)
    SELECT @key1, giver_id, bgt_pman_id, mof_div_code, fiscal_year, '惠财预〔' || fiscal_year || '〕' || @document || '号', '关于调剂' || fiscal_year || '年' || pro_name || '预算指标的通知',
        @today, pro_name || '调剂', agency_code, pro_code, fund_type_code, exp_func_code, gov_bgt_eco_code, dep_bgt_eco_code, '21', '4', moved, 0, moved, 0, '1',
        '02', '2', is_gov_pur, '29', '02', '1', '2', @now, @now
    FROM taker RETURNING *
), adjustment AS (
    INSERT INTO ba_bgt_adjsub (adj_sub_id, mof_div_code, fiscal_year, bat_num, adj_date, source_type_code, bgt_id, ori_bgt_id, add_amount, cor_bgt_doc_no, bgt_doc_title,
        doc_date, is_deleted, create_time, update_time)
    SELECT @key2, mof_div_code, fiscal_year, '02', @today, '4', bgt_id, ori_bgt_id, amount, cor_bgt_doc_no, bgt_doc_title, doc_date, '2', @now, @now
    FROM indicator RETURNING 1
), given AS (
    UPDATE ba_bgt_info i SET dis_amt = i.dis_amt + t.moved, cur_amt = i.cur_amt - t.moved, update_time = @now FROM taker t WHERE i.bgt_id = t.giver_id RETURNING 1
), budgets AS (
    UPDATE bgt_pm_annual_zk b SET update_time = @now,
        dis_amt = b.dis_amt + CASE WHEN b.bgt_pman_id = t.giver_budget THEN -t.moved ELSE t.moved END,
        cur_amt = b.cur_amt + CASE WHEN b.bgt_pman_id = t.giver_budget THEN -t.moved ELSE t.moved END
    FROM taker t WHERE b.bgt_pman_id IN (t.bgt_pman_id, t.giver_budget) RETURNING 1
)
SELECT (SELECT count(*) FROM indicator) + (SELECT count(*) FROM adjustment) + (SELECT count(*) FROM given) + (SELECT count(*) FROM budgets)
