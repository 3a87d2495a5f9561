import { appendFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { eventually } from "../../../test/shared/eventually.ts";
import { runProgram } from "../../../test/shared/run-program.ts";
import { query } from "../../../test/shared/servers/stores/database.ts";
import { createPostgres, createSecondServer, type Postgres } from "./postgres.ts";
import { changeSettings } from "./postgres-settings.ts";

/** Loopback addresses, so that both servers can use the default port. */
export const pairHosts = ["127.0.1.1", "127.0.1.2"] as const;
const port = 5432;

/** Starts a primary and a synchronous standby, which swap their roles at every promotion. */
export async function startPair() {
  let primary = await createPostgres({ host: pairHosts[0], port });
  await primary.start();
  let standby = await createSecondServer(primary, { host: pairHosts[1], port });
  return {
    get adminUrl() {
      return primary.adminUrl;
    },
    primary: () => primary,
    standby: () => standby,
    /** Promotes the standby. The caller has to stop the old primary first. */
    async promote(): Promise<void> {
      await changeSettings(standby.adminUrl, "RESET synchronous_standby_names");
      await query(standby.adminUrl, "SELECT pg_promote()");
      [primary, standby] = [standby, primary];
    },
    /** Starts the old primary read-only. */
    async startOldReadOnly(): Promise<void> {
      writeFileSync(join(standby.data.directory, "standby.signal"), "");
      await standby.start();
    },
    /** Creates a new standby if there is none. */
    async repair(): Promise<void> {
      if (await isFollowed(primary)) return;
      await standby.kill();
      await copyData(primary, standby);
      await standby.start();
      await eventually(() => isFollowed(primary), Boolean, 20_000, 50);
      await changeSettings(primary.adminUrl, "SET synchronous_standby_names = '*'");
    },
  };
}

export type Pair = Awaited<ReturnType<typeof startPair>>;

const isFollowed = async ({ adminUrl }: Postgres): Promise<boolean> =>
  (await query(adminUrl, "SELECT 1 FROM pg_stat_replication WHERE state = 'streaming'")).length > 0;

/** Copies the data with the low-level backup functions, and writes the settings of a standby. */
async function copyData(from: Postgres, to: Postgres): Promise<void> {
  const { directory } = to.data;
  rmSync(directory, { recursive: true, force: true });
  await changeSettings(from.adminUrl, "RESET synchronous_standby_names");
  const client = new pg.Client({ connectionString: from.adminUrl });
  await client.connect();
  await client.query("SELECT pg_backup_start('standby', true)");
  // Files may be deleted while they are copied: the WAL of the backup contains their changes.
  await runProgram("cp", ["-a", from.data.directory, directory]);
  const { rows } = await client.query("SELECT labelfile FROM pg_backup_stop(false)");
  await client.end();
  writeFileSync(join(directory, "backup_label"), rows[0].labelfile);
  rmSync(join(directory, "postmaster.pid"), { force: true });
  const source = new URL(from.adminUrl);
  appendFileSync(
    join(directory, "postgresql.auto.conf"),
    `primary_conninfo = 'host=${from.host} port=${from.port} user=${source.username} password=${source.password}'\n`,
  );
  writeFileSync(join(directory, "standby.signal"), "");
}
