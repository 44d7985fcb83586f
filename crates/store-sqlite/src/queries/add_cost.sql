-- A sum that does not fit an integer is the largest one.
INSERT INTO costs (
    tenant, hour, flow, agent, model, currency, calls, unpriced_calls, input_tokens, cached_input_tokens,
    cache_write_tokens, output_tokens, tokens_lost, cost, cost_lost
) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)
ON CONFLICT DO UPDATE SET
    calls = min(calls + excluded.calls, 9223372036854775807),
    unpriced_calls = min(unpriced_calls + excluded.unpriced_calls, 9223372036854775807),
    input_tokens = min(input_tokens + excluded.input_tokens, 9223372036854775807),
    cached_input_tokens = min(cached_input_tokens + excluded.cached_input_tokens, 9223372036854775807),
    cache_write_tokens = min(cache_write_tokens + excluded.cache_write_tokens, 9223372036854775807),
    output_tokens = min(output_tokens + excluded.output_tokens, 9223372036854775807),
    tokens_lost = min(tokens_lost + excluded.tokens_lost, 9223372036854775807),
    cost = cost + excluded.cost,
    cost_lost = cost_lost + excluded.cost_lost;
