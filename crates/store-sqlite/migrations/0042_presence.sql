-- Tabs in which somebody has a flow open. What was not heard of for a while is deleted.
CREATE TABLE presence (
    flow BLOB NOT NULL,
    tab BLOB NOT NULL,
    tenant BLOB NOT NULL,
    -- Who, for people to read.
    person TEXT NOT NULL,
    seen_at INTEGER NOT NULL,
    PRIMARY KEY (flow, tab)
) STRICT, WITHOUT ROWID;
CREATE INDEX presence_by_time ON presence (seen_at);
