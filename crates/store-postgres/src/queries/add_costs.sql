-- A sum that does not fit an integer is the largest one.
INSERT INTO costs (
    tenant, hour, flow, agent, model, currency, lane, calls, unpriced_calls, input_tokens, cached_input_tokens,
    cache_write_tokens, output_tokens, tokens_lost, cost, cost_lost
)
SELECT
    tenant, hour, flow, agent, model, currency, $1, calls, unpriced_calls, input_tokens, cached_input_tokens,
    cache_write_tokens, output_tokens, tokens_lost, cost, cost_lost
FROM unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) AS added (
    tenant, hour, flow, agent, model, currency, calls, unpriced_calls, input_tokens, cached_input_tokens,
    cache_write_tokens, output_tokens, tokens_lost, cost, cost_lost
)
ON CONFLICT (tenant, hour, flow, agent, model, currency, lane) DO UPDATE SET
    calls = least(costs.calls, 9223372036854775807 - excluded.calls) + excluded.calls,
    unpriced_calls = least(costs.unpriced_calls, 9223372036854775807 - excluded.unpriced_calls) + excluded.unpriced_calls,
    input_tokens = least(costs.input_tokens, 9223372036854775807 - excluded.input_tokens) + excluded.input_tokens,
    cached_input_tokens = least(costs.cached_input_tokens, 9223372036854775807 - excluded.cached_input_tokens) + excluded.cached_input_tokens,
    cache_write_tokens = least(costs.cache_write_tokens, 9223372036854775807 - excluded.cache_write_tokens) + excluded.cache_write_tokens,
    output_tokens = least(costs.output_tokens, 9223372036854775807 - excluded.output_tokens) + excluded.output_tokens,
    tokens_lost = least(costs.tokens_lost, 9223372036854775807 - excluded.tokens_lost) + excluded.tokens_lost,
    cost = costs.cost + excluded.cost,
    cost_lost = costs.cost_lost + excluded.cost_lost;
