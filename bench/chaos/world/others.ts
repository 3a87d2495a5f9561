import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { eventually } from "../../../test/shared/eventually.ts";
import { appRole, query } from "../../../test/shared/servers/database.ts";

const oursInNumbers = "SELECT count(*)::int AS count FROM pg_stat_activity WHERE usename = $1";
const endOurs = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1";

export const endConnectionsOfInstances = (adminUrl: string): Promise<unknown> =>
  query(adminUrl, endOurs, [appRole.name]);

/** Other programs that take all connections, or hold a lock. */
export function createOthers({ url, adminUrl }: { url: string; adminUrl: string }) {
  const taken = new Set<pg.Client>();
  let taking = false;
  let hasAll = false;
  let takers: Promise<void>[] = [];
  let locking: pg.Client | undefined;

  const take = async (): Promise<void> => {
    while (taking) {
      const client = new pg.Client({ connectionString: url, application_name: "other" });
      client.on("error", () => taken.delete(client));
      await client.connect().then(
        () => taken.add(client),
        () => client.end().catch(() => undefined),
      );
      // Each attempt costs Postgres a process: retry quickly only while connections are available.
      if (!taken.has(client)) await sleep(hasAll ? 1000 : 20);
    }
  };
  return {
    /** Also terminates connections of the application, until the other programs have all connections. */
    async takeAll(): Promise<void> {
      taking = true;
      takers = [take(), take(), take()];
      const ours = async () => {
        await endConnectionsOfInstances(adminUrl);
        // Long enough that either program can connect first.
        await sleep(100);
        return (await query<{ count: number }>(adminUrl, oursInNumbers, [appRole.name]))[0]?.count;
      };
      await eventually(ours, (count) => count === 0);
      hasAll = true;
    },
    async letGo(): Promise<void> {
      taking = false;
      hasAll = false;
      await Promise.all(takers);
      await Promise.all([...taken].map((client) => client.end().catch(() => undefined)));
      taken.clear();
    },
    async lock(table: string): Promise<void> {
      locking = new pg.Client({ connectionString: adminUrl, application_name: "other" });
      await locking.connect();
      await locking.query("BEGIN");
      await locking.query(`LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`);
    },
    async unlock(): Promise<void> {
      await locking?.query("ROLLBACK");
      await locking?.end();
    },
  };
}
