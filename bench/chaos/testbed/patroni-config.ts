/** Returns the settings of one node: the fastest failure detection, and no wait for a failed Postgres to restart. */
export const patroniConfig = ({
  host,
  password,
  directory,
  bin,
}: {
  host: string;
  password: string;
  directory: string;
  bin: string;
}) => ({
  scope: "haven",
  name: host.replaceAll(".", "-"),
  restapi: { listen: `${host}:8008`, connect_address: `${host}:8008` },
  etcd3: { hosts: "127.0.0.1:2379" },
  bootstrap: {
    dcs: {
      ttl: 20,
      loop_wait: 1,
      retry_timeout: 3,
      primary_start_timeout: 0,
      master_start_timeout: 0,
      synchronous_mode: true,
      postgresql: { use_pg_rewind: true, parameters: { max_connections: 60, wal_keep_size: "128MB" } },
    },
    initdb: [{ encoding: "UTF8" }, { locale: "C.UTF-8" }, "data-checksums"],
    pg_hba: ["host all all 127.0.0.0/8 scram-sha-256", "host replication all 127.0.0.0/8 scram-sha-256"],
  },
  postgresql: {
    listen: `${host}:5432`,
    connect_address: `${host}:5432`,
    data_dir: directory,
    bin_dir: bin,
    pgpass: `${directory}.pgpass`,
    authentication: {
      superuser: { username: "haven", password },
      replication: { username: "replicator", password },
    },
    parameters: { unix_socket_directories: "", password_encryption: "scram-sha-256" },
  },
});
