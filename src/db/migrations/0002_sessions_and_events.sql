-- Sessions live in Redis. What is here outlives it: which of them were revoked while their access tokens are still
-- good, so that a request can be judged without Redis.
CREATE TABLE session_revocations (
  session_id uuid PRIMARY KEY,
  user_id uuid NOT NULL,
  revoked_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL
);
CREATE INDEX session_revocations_expires_at ON session_revocations (expires_at);

-- Sessions that began before the moment are over, but for the one that was kept.
ALTER TABLE users ADD COLUMN sessions_valid_from timestamptz;
ALTER TABLE users ADD COLUMN session_kept uuid;

CREATE TABLE security_events (
  id uuid PRIMARY KEY,
  user_id uuid REFERENCES users (id) ON DELETE CASCADE,
  type text NOT NULL,
  request_id text NOT NULL,
  address text,
  device text,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX security_events_by_user ON security_events (user_id, id DESC);
