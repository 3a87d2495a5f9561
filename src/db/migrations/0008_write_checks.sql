-- The write check of each process: one row that it writes again with every run. Logged, unlike fleet_instances, so that
-- the commit of a check waits for the same log and the same standbys as the commit of a request. A row belongs to one
-- process, so that a commit that waits blocks no other check.
CREATE TABLE write_checks (
  boot uuid PRIMARY KEY,
  instance text NOT NULL,
  at timestamptz NOT NULL
) WITH (fillfactor = 50);
