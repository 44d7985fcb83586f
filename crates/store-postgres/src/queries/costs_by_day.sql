-- Days of UTC. A sum that does not fit an integer is the largest one.
SELECT
    hour - (hour % 86400000000 + 86400000000) % 86400000000 AS day,
    model,
    currency,
    least(sum(greatest(calls, 0)), 9223372036854775807)::bigint AS calls,
    least(sum(greatest(unpriced_calls, 0)), 9223372036854775807)::bigint AS unpriced_calls,
    least(sum(greatest(input_tokens, 0)), 9223372036854775807)::bigint AS input_tokens,
    least(sum(greatest(cached_input_tokens, 0)), 9223372036854775807)::bigint AS cached_input_tokens,
    least(sum(greatest(cache_write_tokens, 0)), 9223372036854775807)::bigint AS cache_write_tokens,
    least(sum(greatest(output_tokens, 0)), 9223372036854775807)::bigint AS output_tokens,
    least(sum(greatest(tokens_lost, 0)), 9223372036854775807)::bigint AS tokens_lost,
    sum(cost) AS cost,
    sum(cost_lost) AS cost_lost
FROM costs
WHERE tenant = $1
    AND hour >= $2
    AND hour < $3
    AND ($4 IS NULL OR flow = $4)
    AND ($5 IS NULL OR agent = $5)
GROUP BY day, model, currency
ORDER BY day, model COLLATE "C", currency COLLATE "C";
