-- By flow, agent or model, as $7 says, or together. A sum that does not fit an integer is the largest one.
SELECT
    CASE $7 WHEN 'flows' THEN flow::text WHEN 'agents' THEN agent::text WHEN 'models' THEN model ELSE '' END AS key,
    currency,
    least(sum(greatest(calls, 0)), 9223372036854775807)::bigint AS calls,
    least(sum(greatest(unpriced_calls, 0)), 9223372036854775807)::bigint AS unpriced_calls,
    least(sum(greatest(input_tokens, 0)), 9223372036854775807)::bigint AS input_tokens,
    least(sum(greatest(cached_input_tokens, 0)), 9223372036854775807)::bigint AS cached_input_tokens,
    least(sum(greatest(cache_write_tokens, 0)), 9223372036854775807)::bigint AS cache_write_tokens,
    least(sum(greatest(output_tokens, 0)), 9223372036854775807)::bigint AS output_tokens,
    least(sum(greatest(tokens_lost, 0)), 9223372036854775807)::bigint AS tokens_lost,
    sum(cost) AS cost,
    sum(cost_lost) AS cost_lost,
    count(*) OVER () AS rows_in_all
FROM costs
WHERE tenant = $1
    AND hour >= $2
    AND hour < $3
    AND ($4 IS NULL OR flow = $4)
    AND ($5 IS NULL OR agent = $5)
GROUP BY key, currency
ORDER BY
    sum(cost) DESC,
    sum(greatest(input_tokens, 0)) + sum(greatest(output_tokens, 0)) DESC,
    CASE $7 WHEN 'flows' THEN flow::text WHEN 'agents' THEN agent::text WHEN 'models' THEN model ELSE '' END COLLATE "C",
    currency COLLATE "C"
LIMIT $6;
