-- 修改: the contact and the status of a project change; its long texts do not.
WITH project AS (
    UPDATE project_info SET apply_link_man = @person, exist_statue_code = '1', update_time = @now
    WHERE (mof_div_code, fiscal_year, pro_code) = (
        SELECT mof_div_code, fiscal_year, pro_code FROM bgt_pm_annual_zk
        WHERE bgt_pman_id >= @start AND fiscal_year = @year ORDER BY bgt_pman_id LIMIT 1)
    RETURNING 1
)
SELECT count(*) FROM project
