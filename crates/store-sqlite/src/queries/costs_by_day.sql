-- Days of UTC.
SELECT
    hour - (hour % 86400000000 + 86400000000) % 86400000000 AS day,
    model,
    currency,
    CAST(total(max(calls, 0)) AS INTEGER) AS calls,
    CAST(total(max(unpriced_calls, 0)) AS INTEGER) AS unpriced_calls,
    CAST(total(max(input_tokens, 0)) AS INTEGER) AS input_tokens,
    CAST(total(max(cached_input_tokens, 0)) AS INTEGER) AS cached_input_tokens,
    CAST(total(max(cache_write_tokens, 0)) AS INTEGER) AS cache_write_tokens,
    CAST(total(max(output_tokens, 0)) AS INTEGER) AS output_tokens,
    CAST(total(max(tokens_lost, 0)) AS INTEGER) AS tokens_lost,
    total(cost) AS cost,
    total(cost_lost) AS cost_lost
FROM costs
WHERE tenant = ?1
    AND hour >= ?2
    AND hour < ?3
    AND (?4 IS NULL OR flow = ?4)
    AND (?5 IS NULL OR agent = ?5)
GROUP BY day, model, currency
ORDER BY day, model, currency;
