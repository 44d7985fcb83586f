-- Keys with which this installation signs what it gives away, such as links to decide with.
CREATE TABLE signing_keys (
    purpose TEXT PRIMARY KEY,
    key BLOB NOT NULL CHECK (length(key) = 32)
) STRICT, WITHOUT ROWID;
