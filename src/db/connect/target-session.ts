import type pg from "pg";
import type { SessionAttributes } from "../../config/postgres-url.ts";

/** Servers answered, and none is of the kind that `target_session_attrs` requires. */
export class NoSuitableServer extends Error {
  override readonly name = "NoSuitableServer";
  readonly code = "NO_SUITABLE_SERVER";

  constructor(targetSession: SessionAttributes) {
    super(`No server is ${targetSession}.`);
  }
}

type Server = { standby: boolean; readOnly: boolean };

export async function isSuitable(client: pg.Client, targetSession: SessionAttributes): Promise<boolean> {
  if (targetSession === "any") return true;
  const { rows } = await client.query<Server>(
    `SELECT pg_is_in_recovery() AS standby, current_setting('transaction_read_only') = 'on' AS "readOnly"`,
  );
  const [server] = rows;
  return server !== undefined && isOfKind(server, targetSession);
}

export function isOfKind({ standby, readOnly }: Server, targetSession: SessionAttributes): boolean {
  switch (targetSession) {
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
