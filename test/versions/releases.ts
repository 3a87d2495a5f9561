/** A release of Debian, and the programs of its packages that the tests run. */
export type Release = {
  name: "bookworm" | "trixie" | "sid";
  packages: readonly string[];
  /** The files to run, each under its own name or the given one. `*` stands for a version. */
  commands: readonly (string | readonly [file: string, command: string])[];
};

const inAllReleases = {
  packages: ["nginx", "haproxy", "prometheus", "prometheus-alertmanager", "pgbouncer", "patroni", "etcd-server"],
  commands: [
    ...["usr/sbin/nginx", "usr/sbin/haproxy", "usr/bin/prometheus", "usr/bin/promtool"],
    ...["usr/bin/prometheus-alertmanager", "usr/bin/amtool", "usr/sbin/pgbouncer", "usr/bin/patroni", "usr/bin/etcd"],
    ...["initdb", "pg_basebackup", "pg_controldata", "pg_ctl", "pg_dump", "pg_isready", "pg_restore", "pg_rewind"].map(
      (name) => `usr/lib/postgresql/*/bin/${name}`,
    ),
    ...["postgres", "psql"].map((name) => `usr/lib/postgresql/*/bin/${name}`),
  ],
};

const valkey = ["usr/bin/valkey-server", "redis-server"] as const;

export const releases: readonly Release[] = [
  {
    name: "bookworm",
    packages: [...inAllReleases.packages, "postgresql-15", "redis-server"],
    commands: [...inAllReleases.commands, "usr/bin/redis-server"],
  },
  {
    name: "trixie",
    packages: [...inAllReleases.packages, "postgresql-17", "valkey-server"],
    commands: [...inAllReleases.commands, valkey],
  },
  {
    name: "sid",
    // pebble is an ACME authority for tests.
    packages: [...inAllReleases.packages, "postgresql-18", "valkey-server", "pebble"],
    commands: [...inAllReleases.commands, valkey, "usr/bin/pebble", "usr/bin/pebble-challtestsrv"],
  },
];
