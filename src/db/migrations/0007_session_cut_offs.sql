-- Deactivating an account ends its sessions, whichever program changes the row. The moment is stamped at the commit: a
-- login that read the account before the commit began its session before that moment.
CREATE FUNCTION end_sessions_of_deactivated_user() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE users SET sessions_valid_from = date_trunc('milliseconds', clock_timestamp()), session_kept = NULL
  WHERE id = NEW.id AND NOT active;
  RETURN NULL;
END
$$;

CREATE CONSTRAINT TRIGGER users_deactivated AFTER UPDATE OF active ON users
  DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW WHEN (OLD.active AND NOT NEW.active) EXECUTE FUNCTION end_sessions_of_deactivated_user();

UPDATE users SET sessions_valid_from = date_trunc('milliseconds', clock_timestamp()), session_kept = NULL
  WHERE NOT active;

-- Instances read the latest cut-offs every second, and revocations from the newest to the oldest.
CREATE INDEX users_sessions_valid_from ON users (sessions_valid_from, id) WHERE sessions_valid_from IS NOT NULL;
CREATE INDEX session_revocations_revoked_at ON session_revocations (revoked_at, session_id);
