-- What administrators have done, with the server's commands among them (then without an actor). Written in the
-- transaction of the act. Without foreign keys: an entry stays when its user is deleted.
CREATE TABLE audit_events (
  id uuid PRIMARY KEY,
  actor_id uuid,
  action text NOT NULL,
  target_id uuid,
  details jsonb NOT NULL,
  address text,
  request_id text,
  trace_id text,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX audit_events_by_actor ON audit_events (actor_id, id DESC);
CREATE INDEX audit_events_by_target ON audit_events (target_id, id DESC);

-- Few users are administrators or inactive; lists of them must not read all users.
CREATE INDEX users_admins ON users (id DESC) WHERE role = 'admin';
CREATE INDEX users_inactive ON users (id DESC) WHERE NOT active;

-- A session carries the role of its user. The loss of the role ends the sessions, whichever program changes the row. The
-- moment is stamped at the commit, as in end_sessions_of_deactivated_user.
CREATE FUNCTION end_sessions_of_former_admin() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE users SET sessions_valid_from = date_trunc('milliseconds', clock_timestamp()), session_kept = NULL
  WHERE id = NEW.id;
  RETURN NULL;
END
$$;

CREATE CONSTRAINT TRIGGER users_former_admin AFTER UPDATE OF role ON users
  DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW WHEN (OLD.role = 'admin' AND NEW.role <> 'admin') EXECUTE FUNCTION end_sessions_of_former_admin();
