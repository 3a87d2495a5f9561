import type pg from "pg";
import type { SessionAttributes } from "../../config/postgres-url.ts";

/** Servers answered, and none is of the kind that `target_session_attrs` requires. */
export class NoSuitableServer extends Error {
  override readonly name = "NoSuitableServer";
  readonly code = "NO_SUITABLE_SERVER";

  constructor(wanted: SessionAttributes) {
    super(`No server is ${wanted}.`);
  }
}

type Server = { standby: boolean; readOnly: boolean };

export async function isSuitable(client: pg.Client, wanted: SessionAttributes): Promise<boolean> {
  if (wanted === "any") return true;
  const { rows } = await client.query<Server>(
    `SELECT pg_is_in_recovery() AS standby, current_setting('transaction_read_only') = 'on' AS "readOnly"`,
  );
  const [server] = rows;
  return server !== undefined && fits(server, wanted);
}

export function fits({ standby, readOnly }: Server, wanted: SessionAttributes): boolean {
  switch (wanted) {
    case "read-write":
      return !readOnly;
    case "read-only":
      return readOnly;
    case "primary":
      return !standby;
    case "standby":
      return standby;
    default:
      return true;
  }
}
