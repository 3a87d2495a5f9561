import { query } from "../../test/shared/servers/stores/database.ts";
import type { Owner } from "./owner.ts";

/**
 * Copies the property of an owner under many ids, one for each number of the range and in its order. The end of an id comes
 * from the owner too, so that two owners can have copies in one database.
 */
export async function addProperties(
  databaseUrl: string,
  { userId, propertyId }: Owner,
  { from, to }: { from: number; to: number },
): Promise<void> {
  const copy = `INSERT INTO properties (id, owner_id, name, kind, address)
    SELECT (lpad(to_hex(n), 12, '0') || '7000' || '8' || left(md5($1::text || n), 15))::uuid, owner_id, name || ' ' || n,
           kind, address
    FROM properties, generate_series($3::int, $4::int) AS n WHERE owner_id = $1::uuid AND properties.id = $2`;
  await query(databaseUrl, copy, [userId, propertyId, from, to]);
  await query(databaseUrl, "VACUUM ANALYZE properties");
}
