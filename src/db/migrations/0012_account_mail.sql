-- An address counts once its owner has followed the link in a mail. `pending_email` is the new address that a user has entered.
ALTER TABLE users ADD COLUMN email_verified_at timestamptz;
ALTER TABLE users ADD COLUMN pending_email text CHECK (pending_email = lower(pending_email));

-- The tokens in mails. Only their hashes are stored. The id is that of the mail's job: a repeated delivery replaces the
-- token, so that a mail server that fails does not leave tokens behind.
CREATE TABLE account_tokens (
  id uuid PRIMARY KEY,
  user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  purpose text NOT NULL CHECK (purpose IN ('reset-password', 'verify-email')),
  email text NOT NULL,
  token_hash text NOT NULL CONSTRAINT account_tokens_hash_key UNIQUE,
  expires_at timestamptz NOT NULL
);
CREATE INDEX account_tokens_by_user ON account_tokens (user_id, purpose);
CREATE INDEX account_tokens_expires_at ON account_tokens (expires_at);

-- With SIGN_UP=verified, a registration becomes an account when its link is followed. Several may wait for one address.
CREATE TABLE registrations (
  id uuid PRIMARY KEY,
  email text NOT NULL CHECK (email = lower(email)),
  name text NOT NULL,
  password_hash text NOT NULL,
  token_hash text CONSTRAINT registrations_hash_key UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL
);
CREATE INDEX registrations_by_email ON registrations (email, id);
CREATE INDEX registrations_expires_at ON registrations (expires_at);

-- An invitation is used up by the registration that accepts it.
CREATE TABLE invitations (
  id uuid PRIMARY KEY,
  email text NOT NULL CHECK (email = lower(email)),
  role text NOT NULL DEFAULT 'member' CHECK (role IN ('member', 'admin')),
  invited_by uuid REFERENCES users (id) ON DELETE SET NULL,
  token_hash text CONSTRAINT invitations_hash_key UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  accepted_at timestamptz,
  accepted_by uuid REFERENCES users (id) ON DELETE SET NULL
);
CREATE INDEX invitations_by_email ON invitations (email, id);
