CREATE TABLE IF NOT EXISTS schema_migrations (
    number bigint PRIMARY KEY,
    name text NOT NULL,
    -- SHA-256 of the migration's text.
    checksum bytea NOT NULL,
    applied_at bigint NOT NULL,
    -- The oldest schema whose programs work beside this one.
    compatible_from bigint NOT NULL
);
INSERT INTO schema_migrations (number, name, checksum, applied_at, compatible_from)
VALUES (0, 'lock', '', 0, 0) ON CONFLICT (number) DO NOTHING;
