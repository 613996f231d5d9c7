-- One consortium, one pool, one settlement month: payable and displayed amounts by member, category and kind.
-- Relations given: claims (the frozen rows), members, rates, neighbours, settings (one row). Integers only.
-- A reversal is worked out as the case it mirrors and then negated, so that the two always cancel to the fen.
WITH placed AS (
    SELECT
        claims.*,
        settings.floor_at_zero,
        settings.computed_counts,
        settings.outlier_low, settings.outlier_high,
        claims.pool <> settings.pool OR claims.period <> settings.period AS stray,
        CASE WHEN claims.reverses IS NULL THEN 1 ELSE -1 END AS sign,
        members.member IS NOT NULL AS treated_here,
        COALESCE(claims.insured_consortium = settings.consortium, FALSE) AS insured_here,
        settings.carried_by_provider AND insured_neighbour.consortium IS NOT NULL AS insured_next_door,
        settings.carried_by_provider AND treating_neighbour.provider IS NOT NULL AS treated_next_door,
        rates.rate_fen, rates.coefficient
    FROM claims
    CROSS JOIN settings
    LEFT JOIN members ON members.member = claims.provider
    LEFT JOIN rates ON rates.category = claims.category AND rates.member = claims.provider
    LEFT JOIN (SELECT DISTINCT consortium FROM neighbours) AS insured_neighbour
        ON insured_neighbour.consortium = claims.insured_consortium
    LEFT JOIN (SELECT DISTINCT provider FROM neighbours) AS treating_neighbour
        ON treating_neighbour.provider = claims.provider
),
measured AS (
    SELECT
        *,
        CASE
            WHEN treated_here AND (insured_here OR insured_next_door) THEN 'own'
            WHEN treated_here THEN 'inflow'
            WHEN insured_here AND NOT treated_next_door THEN 'away'
            ELSE 'excluded'
        END AS kind,
        ABS(CAST(CASE category
            WHEN 'drg' THEN weight_ten_thousandths
            WHEN 'dip' THEN points_ten_thousandths
            WHEN 'bed_day' THEN bed_days * 10000
        END AS HUGEINT)) * rate_fen * coefficient AS full_amount,
        ABS(COALESCE(cost_fen, 0)) AS cost,
        CASE
            WHEN category <> 'dip' OR outlier_low IS NULL THEN 'none'
            WHEN COALESCE(group_mean_fen, 0) = 0 OR cost_fen IS NULL THEN 'none'
            WHEN ABS(CAST(cost_fen AS HUGEINT)) * 10000 < group_mean_fen * outlier_low THEN 'low'
            WHEN ABS(CAST(cost_fen AS HUGEINT)) * 10000 > group_mean_fen * outlier_high THEN 'high'
            ELSE 'none'
        END AS outlier
    FROM placed
),
scaled AS (
    SELECT
        *,
        full_amount * CASE outlier
            WHEN 'low' THEN cost
            WHEN 'high' THEN CAST(cost AS HUGEINT) * 10000 - CAST(group_mean_fen AS HUGEINT) * (outlier_high - 10000)
            ELSE 1
        END AS numerator,
        CAST(100000000 AS HUGEINT) * CASE outlier
            WHEN 'low' THEN group_mean_fen
            WHEN 'high' THEN CAST(group_mean_fen AS HUGEINT) * 10000
            ELSE 1
        END AS denominator
    FROM measured
),
priced AS (
    SELECT
        *,
        (2 * numerator + denominator) // (2 * denominator) AS computed,
        CASE
            WHEN category IN ('drg', 'dip') AND treated_here
                THEN COALESCE(CASE WHEN computed_counts THEN computed END, sign * standard_fen)
            ELSE sign * standard_fen
        END AS standard,
        -- What the file says of what the rules compute: the standard of a group, the fund share of bed days.
        CASE WHEN category = 'bed_day' THEN sign * fund_fen ELSE sign * standard_fen END AS beside
    FROM scaled
),
paid AS (
    SELECT
        *,
        CASE
            WHEN category IN ('drg', 'dip') THEN COALESCE(
                standard - sign * (COALESCE(patient_fen, 0) + COALESCE(catastrophic_fen, 0)
                    + COALESCE(aid_fen, 0) + COALESCE(other_fen, 0)),
                CASE WHEN treated_here THEN NULL ELSE sign * fund_fen END)
            WHEN category = 'bed_day' AND treated_here THEN COALESCE(CASE WHEN computed_counts THEN computed END, sign * fund_fen)
            ELSE sign * fund_fen
        END AS amount
    FROM priced
),
settled AS (
    SELECT
        *,
        sign * CASE WHEN floor_at_zero AND category IN ('drg', 'dip') AND amount < 0 THEN 0 ELSE amount END AS payable
    FROM paid
)
SELECT
    CASE WHEN treated_here THEN provider ELSE '' END AS member,
    category,
    kind,
    COUNT(*) AS cases,
    COUNT(*) FILTER (WHERE stray) AS stray_cases,
    COUNT(*) FILTER (WHERE payable IS NULL) AS unpriced_cases,
    COUNT(*) FILTER (WHERE computed <> beside) AS differing_cases,
    CAST(COALESCE(SUM(sign * computed) FILTER (WHERE computed <> beside), 0) AS BIGINT) AS differing_computed_fen,
    CAST(COALESCE(SUM(sign * beside) FILTER (WHERE computed <> beside), 0) AS BIGINT) AS differing_file_fen,
    CAST(SUM(COALESCE(payable, 0)) AS BIGINT) AS payable_fen,
    CAST(SUM(COALESCE(cost_fen, 0)) AS BIGINT) AS cost_fen,
    CAST(SUM(sign * ABS(COALESCE(bed_days, 0))) AS BIGINT) AS bed_days,
    CAST(SUM(COALESCE(sign * standard, 0)) AS BIGINT) AS standard_fen,
    CAST(SUM(COALESCE(standard_fen, 0)) AS BIGINT) AS file_standard_fen,
    CAST(SUM(COALESCE(patient_fen, 0)) AS BIGINT) AS patient_fen,
    CAST(SUM(COALESCE(catastrophic_fen, 0)) AS BIGINT) AS catastrophic_fen,
    CAST(SUM(COALESCE(aid_fen, 0)) AS BIGINT) AS aid_fen,
    CAST(SUM(COALESCE(other_fen, 0)) AS BIGINT) AS other_fen,
    CAST(SUM(COALESCE(fund_fen, 0)) AS BIGINT) AS fund_fen
FROM settled
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3
