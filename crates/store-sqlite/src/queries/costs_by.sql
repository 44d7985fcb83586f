-- By flow, agent or model, as ?7 says, or together. Sums that do not fit an integer are the largest one, as `total` never
-- overflows.
SELECT
    CASE ?7 WHEN 'flows' THEN flow WHEN 'agents' THEN agent WHEN 'models' THEN model END AS of,
    currency,
    CAST(total(max(calls, 0)) AS INTEGER) AS calls,
    CAST(total(max(unpriced_calls, 0)) AS INTEGER) AS unpriced_calls,
    CAST(total(max(input_tokens, 0)) AS INTEGER) AS input_tokens,
    CAST(total(max(cached_input_tokens, 0)) AS INTEGER) AS cached_input_tokens,
    CAST(total(max(cache_write_tokens, 0)) AS INTEGER) AS cache_write_tokens,
    CAST(total(max(output_tokens, 0)) AS INTEGER) AS output_tokens,
    CAST(total(max(tokens_lost, 0)) AS INTEGER) AS tokens_lost,
    total(cost) AS cost,
    total(cost_lost) AS cost_lost,
    count(*) OVER () AS rows_in_all
FROM costs
WHERE tenant = ?1
    AND hour >= ?2
    AND hour < ?3
    AND (?4 IS NULL OR flow = ?4)
    AND (?5 IS NULL OR agent = ?5)
GROUP BY of, currency
ORDER BY cost DESC, total(max(input_tokens, 0)) + total(max(output_tokens, 0)) DESC, of, currency
LIMIT ?6;
