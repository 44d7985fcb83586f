CREATE TABLE IF NOT EXISTS schema_migrations (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    -- SHA-256 of the migration's text.
    checksum BLOB NOT NULL,
    applied_at INTEGER NOT NULL
) STRICT;
