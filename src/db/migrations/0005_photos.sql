-- Their names cannot be guessed, and what a name stands for never changes. The bytes are in a bucket where one is set.
CREATE TABLE stored_files (
  name text PRIMARY KEY,
  bytes bytea,
  created_at timestamptz NOT NULL DEFAULT now()
);
-- An image does not get any smaller: trying to compress it is time lost.
ALTER TABLE stored_files ALTER COLUMN bytes SET STORAGE EXTERNAL;

-- Objects of the bucket that are nobody's: those of uploads under way are due only after a time of grace.
CREATE TABLE files_to_remove (
  name text PRIMARY KEY,
  due_at timestamptz NOT NULL
);
CREATE INDEX files_to_remove_by_due ON files_to_remove (due_at);

CREATE TABLE photos (
  id uuid PRIMARY KEY,
  owner_id uuid NOT NULL,
  property_id uuid NOT NULL,
  width integer NOT NULL CHECK (width > 0),
  height integer NOT NULL CHECK (height > 0),
  list_file text NOT NULL,
  page_file text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT photos_property_fkey FOREIGN KEY (owner_id, property_id) REFERENCES properties (owner_id, id)
);
CREATE INDEX photos_by_property ON photos (property_id, id DESC);
CREATE INDEX photos_of_owners_property ON photos (owner_id, property_id);

ALTER TABLE users ADD COLUMN avatar_file text;
