-- Real figures: final accounts of 2024 published by three departments of 上海市普陀区, in 万元.
INSERT INTO final_account_line (line_id, mof_div_code, fiscal_year, dept_name, table_no, exp_func_code, line_name,
    total_amt, basic_amt, project_amt, published_in, is_deleted, update_time)
SELECT upper(md5('T5' || dept || year || code)), '310107000', year, dept, 'T5', code, name,
    total, basic, project, '部门决算公开 2024', '2', timestamptz '2025-08-20 09:00+08'
FROM published_function;

INSERT INTO final_account_line (line_id, mof_div_code, fiscal_year, dept_name, table_no, dep_bgt_eco_code, line_name,
    total_amt, basic_amt, published_in, is_deleted, update_time)
SELECT upper(md5('T6' || dept || year || f.code)), '310107000', year, dept, 'T6', f.code, coalesce(c.name, f.code),
    amount, amount, '部门决算公开 2024', '2', timestamptz '2025-08-20 09:00+08'
FROM published_economic f
LEFT JOIN base_code c ON c.list = 'dep-eco' AND c.code = f.code AND c.region = '' AND f.year::int BETWEEN c.year_from AND coalesce(c.year_to, 9999);

-- The generated agencies close 2024 with what they paid, in 万元 with two decimals as published.
INSERT INTO final_account_line (line_id, mof_div_code, fiscal_year, agency_code, dept_name, table_no, exp_func_code, line_name,
    budget_amt, adj_budget_amt, total_amt, basic_amt, project_amt, published_in, is_deleted, update_time)
SELECT upper(md5('T5' || b.mof_div_code || b.agency_code || b.exp_func_code)), b.mof_div_code, '2024', b.agency_code, a.ele_name, 'T5', b.exp_func_code,
    coalesce(c.name, b.exp_func_code), round(b.reply / 10000, 2), round(b.cur / 10000, 2), round(coalesce(p.paid, 0) / 10000, 2), 0,
    round(coalesce(p.paid, 0) / 10000, 2), '生成数据 generated', '2', timestamptz '2025-08-20 09:00+08'
FROM (SELECT mof_div_code, agency_code, exp_func_code, sum(reply_amt) AS reply, sum(cur_amt) AS cur
      FROM bgt_pm_annual_zk WHERE fiscal_year = '2024' AND is_deleted = 0 GROUP BY 1, 2, 3) b
JOIN ele_vd00010 a ON a.mof_div_code = b.mof_div_code AND a.fiscal_year = '2024' AND a.ele_code = b.agency_code
LEFT JOIN base_code c ON c.list = 'exp-func' AND c.code = b.exp_func_code AND c.region = '' AND 2024 BETWEEN c.year_from AND coalesce(c.year_to, 9999)
LEFT JOIN (SELECT mof_div_code, agency_code, exp_func_code, sum(xpay_amt) AS paid
           FROM pay_voucher_bill WHERE fiscal_year = '2024' AND is_deleted = '2' GROUP BY 1, 2, 3) p
    ON (p.mof_div_code, p.agency_code, p.exp_func_code) = (b.mof_div_code, b.agency_code, b.exp_func_code);
