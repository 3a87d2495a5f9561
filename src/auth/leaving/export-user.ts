import type { Queryable } from "../../db/pool.ts";
import type { SessionStore } from "../../sessions/session-store.ts";
import { otherTables, ownedTables, rowsOf } from "./user-data.ts";

export type ExportDeps = { db: Queryable; sessions: Pick<SessionStore, "list"> };

/** Yields the parts of one JSON object, which has a list of the sessions and a list of rows for each table. */
export async function* exportUser({ db, sessions }: ExportDeps, userId: string): AsyncGenerator<string> {
  // Sessions are read first: if Redis is unavailable, the request fails with 503 before any data is sent.
  yield `{"sessions":${JSON.stringify(await sessions.list(userId))}`;
  for (const table of [...otherTables, ...ownedTables]) {
    let separator = `,"${table.name}":[`;
    for await (const row of rowsOf(db, userId, table)) {
      yield `${separator}${JSON.stringify(row)}`;
      separator = ",";
    }
    yield separator === "," ? "]" : `${separator}]`;
  }
  yield "}\n";
}
