-- The roles in folders that somebody gets by an invitation, as JSON; NULL for none.
ALTER TABLE invitations ADD COLUMN grants TEXT;
