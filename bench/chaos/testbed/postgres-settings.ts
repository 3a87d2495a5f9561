import { query } from "../../../test/shared/servers/stores/database.ts";

/** Changes a setting with ALTER SYSTEM and a reload. Open connections use it a moment later. */
export async function changeSettings(adminUrl: string, change: string): Promise<void> {
  await query(adminUrl, `ALTER SYSTEM ${change}`);
  await query(adminUrl, "SELECT pg_reload_conf()");
}
