-- A session that is taken, or gets a turn, before it is locked here is not among them any more.
WITH old AS (
    SELECT tenant, agent, key
    FROM sessions
    WHERE holder IS NULL AND used_at < $1
    ORDER BY used_at, tenant, agent, key
    LIMIT $2
    FOR UPDATE
),
turns AS (
    DELETE FROM session_turns
    USING old
    WHERE session_turns.tenant = old.tenant AND session_turns.agent = old.agent AND session_turns.key = old.key
),
summaries AS (
    DELETE FROM session_summaries
    USING old
    WHERE session_summaries.tenant = old.tenant AND session_summaries.agent = old.agent AND session_summaries.key = old.key
)
DELETE FROM sessions
USING old
WHERE sessions.tenant = old.tenant AND sessions.agent = old.agent AND sessions.key = old.key;
