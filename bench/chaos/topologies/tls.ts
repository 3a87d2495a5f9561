import { createAuthority } from "../../../test/shared/certificates.ts";
import { asAppRole } from "../../../test/shared/servers/stores/database.ts";
import { postgresUser, startPostgresServer } from "../../../test/shared/servers/stores/postgres-servers.ts";
import { startRedisServer } from "../../../test/shared/servers/stores/redis-servers.ts";
import { createDatabase } from "../testbed/database.ts";
import { changeSettings } from "../testbed/postgres-settings.ts";
import type { Topology } from "./topology.ts";

async function start() {
  const authority = createAuthority();
  const owner = postgresUser();
  const certificates = {
    valid: authority.issue("127.0.0.1", { owner }),
    expired: authority.issue("127.0.0.1", { owner, days: -1 }),
  };
  const { certFile, keyFile } = certificates.valid;
  const postgres = await startPostgresServer({
    settings: ["ssl = on", `ssl_cert_file = '${certFile}'`, `ssl_key_file = '${keyFile}'`],
  });
  const database = await createDatabase({ adminUrl: postgres.url }, "chaos");
  const redis = await startRedisServer();
  return {
    database,
    services: { databaseUrl: database.url, redisUrl: redis.url },
    env: { DATABASE_URL: `${asAppRole(database.url)}?sslmode=verify-full`, DATABASE_CA_FILE: authority.caFile },
    /** Changes the certificate that Postgres presents to new connections. */
    async present(which: keyof typeof certificates): Promise<void> {
      await changeSettings(postgres.url, `SET ssl_key_file = '${certificates[which].keyFile}'`);
      await changeSettings(postgres.url, `SET ssl_cert_file = '${certificates[which].certFile}'`);
    },
  };
}

export type WithTls = Awaited<ReturnType<typeof start>>;

/** A Postgres whose certificate is verified. */
export const tls: Topology<WithTls> = {
  name: "Postgres with TLS",
  programs: [{ command: "pg_virtualenv", package: "postgresql" }],
  start,
};
