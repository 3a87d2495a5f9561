CREATE TABLE notes (
  id uuid PRIMARY KEY,
  owner_id uuid NOT NULL REFERENCES users (id),
  title text NOT NULL,
  text text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX notes_by_owner ON notes (owner_id, id DESC);
