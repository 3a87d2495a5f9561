import { query } from "../../../test/shared/servers/database.ts";

/** As an administrator does it: ALTER SYSTEM, then a reload. A connection that is open has it a moment later. */
export async function changeSettings(adminUrl: string, change: string): Promise<void> {
  await query(adminUrl, `ALTER SYSTEM ${change}`);
  await query(adminUrl, "SELECT pg_reload_conf()");
}
