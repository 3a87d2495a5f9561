export type PatroniNode = {
  host: string;
  port: number;
  restPort: number;
  etcdPort: number;
  password: string;
  directory: string;
  /** The folder of the programs of Postgres. */
  bin: string;
};

export const nodeName = (host: string): string => host.replaceAll(".", "-");

/** Returns the settings of one node: the fastest failure detection, and no wait for a failed Postgres to restart. */
export const patroniConfig = ({ host, port, restPort, etcdPort, password, directory, bin }: PatroniNode) => ({
  scope: "haven",
  name: nodeName(host),
  restapi: { listen: `${host}:${restPort}`, connect_address: `${host}:${restPort}` },
  etcd3: { hosts: `127.0.0.1:${etcdPort}` },
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
    listen: `${host}:${port}`,
    connect_address: `${host}:${port}`,
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
