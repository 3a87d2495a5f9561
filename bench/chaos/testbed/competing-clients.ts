import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { eventually } from "../../../test/shared/eventually.ts";
import { appRole, query } from "../../../test/shared/servers/stores/database.ts";

const countInstanceConnections = "SELECT count(*)::int AS count FROM pg_stat_activity WHERE usename = $1";
const endInstanceConnections = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1";

export const endConnectionsOfInstances = (adminUrl: string): Promise<unknown> =>
  query(adminUrl, endInstanceConnections, [appRole.name]);

/** Creates clients beside Haven that take all connections of Postgres, or lock a table. */
export function createCompetingClients({ url, adminUrl }: { url: string; adminUrl: string }) {
  const clients = new Set<pg.Client>();
  let isTaking = false;
  let hasAll = false;
  let loops: Promise<void>[] = [];
  let locking: pg.Client | undefined;

  const takeConnections = async (): Promise<void> => {
    while (isTaking) {
      const client = new pg.Client({ connectionString: url, application_name: "other" });
      client.on("error", () => clients.delete(client));
      await client.connect().then(
        () => clients.add(client),
        () => client.end().catch(() => undefined),
      );
      // Each attempt costs Postgres a process: retry quickly only while connections are available.
      if (!clients.has(client)) await sleep(hasAll ? 1000 : 20);
    }
  };
  return {
    /** Takes all connections. Ends those of the instances repeatedly until they cannot reconnect. */
    async takeAllConnections(): Promise<void> {
      isTaking = true;
      loops = [takeConnections(), takeConnections(), takeConnections()];
      const countAfterEnding = async () => {
        await endConnectionsOfInstances(adminUrl);
        // Instances and other clients get the same time to connect.
        await sleep(100);
        return (await query<{ count: number }>(adminUrl, countInstanceConnections, [appRole.name]))[0]?.count;
      };
      await eventually(countAfterEnding, (count) => count === 0);
      hasAll = true;
    },
    async releaseConnections(): Promise<void> {
      isTaking = false;
      hasAll = false;
      await Promise.all(loops);
      await Promise.all([...clients].map((client) => client.end().catch(() => undefined)));
      clients.clear();
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
