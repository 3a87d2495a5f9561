-- Who is there now, in one row each; written anew every few seconds, so neither its log nor its past is worth keeping.
CREATE UNLOGGED TABLE fleet_instances (
  boot uuid PRIMARY KEY,
  instance text NOT NULL,
  beat bigint NOT NULL,
  seen_at timestamptz NOT NULL,
  heartbeat text NOT NULL
) WITH (fillfactor = 50);
