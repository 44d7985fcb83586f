-- What stands for old turns of conversations, which agents read instead of them.
CREATE TABLE session_summaries (
    session INTEGER NOT NULL,
    -- The number of the last turn that it stands for.
    up_to INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    execution BLOB NOT NULL,
    node TEXT NOT NULL,
    written_at INTEGER NOT NULL,
    summary TEXT NOT NULL,
    PRIMARY KEY (session, up_to)
) STRICT;
