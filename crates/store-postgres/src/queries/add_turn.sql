-- Adds a turn to the session that node $2 of execution $1 has, and takes the session from it. A turn of the same number, which is
-- written again, is replaced. The sum of all turns would take the longer, the longer the conversation is.
WITH held AS (
    UPDATE sessions SET
        holder = NULL,
        holder_node = NULL,
        turns = $3,
        used_at = $4,
        bytes = bytes + $5 - coalesce((
            SELECT before.bytes
            FROM session_turns AS before
            WHERE before.tenant = sessions.tenant
                AND before.agent = sessions.agent
                AND before.key = sessions.key
                AND before.number = $3
        ), 0)
    WHERE holder = $1 AND holder_node = $2
    RETURNING tenant, agent, key
)
INSERT INTO session_turns (
    tenant, agent, key, number, bytes, execution, node, input_tokens, output_tokens, answered_at, question, answer
)
SELECT tenant, agent, key, $3, $5, $1, $2, $6, $7, $4, $8, $9
FROM held
ON CONFLICT (tenant, agent, key, number) DO UPDATE SET
    bytes = excluded.bytes,
    execution = excluded.execution,
    node = excluded.node,
    input_tokens = excluded.input_tokens,
    output_tokens = excluded.output_tokens,
    answered_at = excluded.answered_at,
    question = excluded.question,
    answer = excluded.answer;
