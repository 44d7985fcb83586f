-- What somebody has written about a version when they saved it.
ALTER TABLE flow_versions ADD COLUMN note TEXT;
