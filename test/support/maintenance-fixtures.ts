import { randomUUID } from "node:crypto";
import { events } from "../../src/features/maintenance/events.ts";
import { ask, postJson } from "../shared/requests/http.ts";
import { bearer, register, type SignedIn } from "../shared/requests/people.ts";
import { query } from "../shared/servers/database.ts";
import type { Haven } from "./haven.ts";
import { as, createHome } from "./property-fixtures.ts";

export type Owner = SignedIn & { unitId: string };

/** Creates an owner with a unit, for maintenance requests. */
export async function newOwner(url: string): Promise<Owner> {
  const person = await register(url);
  const { unit } = await createHome(as(url, person));
  return { ...person, unitId: unit.id };
}

/** Creates a maintenance request and returns its id. */
export const createRequest = (url: string, owner: Owner, title = "Kitchen tap drips", key = ""): Promise<string> => {
  const idempotency = key === "" ? {} : { "idempotency-key": key };
  return createAndReturnId(`${url}/api/v1/units/${owner.unitId}/maintenance-requests`, { title }, owner, idempotency);
};

export async function moveRequest(url: string, owner: Owner, id: string, status: string): Promise<void> {
  const answer = await ask(`${url}/api/v1/maintenance-requests/${id}`, {
    method: "PATCH",
    headers: { "content-type": "application/json", ...bearer(owner) },
    body: JSON.stringify({ status }),
  });
  if (answer.status !== 200) throw new Error(`${answer.status} ${answer.text}`);
}

/** Inserts an event as the service does, but without a notification. */
export async function insertWithoutNotification({ running }: Haven, owner: Owner, count = 1): Promise<void> {
  for (let written = 0; written < count; written += 1) {
    const request = { id: randomUUID(), unitId: owner.unitId };
    await running.parts.db.transaction((tx) =>
      events.append(tx, owner.userId, request, "noted", { note: `${written}` }),
    );
  }
}

/** Inserts many events at once, each of about this size. */
export async function writeMany(databaseUrl: string, owner: Owner, count: number, bytes: number): Promise<void> {
  const sql = `WITH head AS (
      INSERT INTO maintenance_event_heads AS heads (owner_id, position) VALUES ($1, $3)
      ON CONFLICT (owner_id) DO UPDATE SET position = heads.position + $3 RETURNING position)
    INSERT INTO maintenance_events (id, owner_id, position, request_id, unit_id, type, data)
    SELECT gen_random_uuid(), $1, head.position - $3::bigint + n, gen_random_uuid(), $2, 'noted',
           jsonb_build_object('note', repeat('x', $4))
    FROM head, generate_series(1, $3::int) AS n`;
  await query(databaseUrl, sql, [owner.userId, owner.unitId, count, bytes]);
}

async function createAndReturnId(url: string, body: unknown, person: SignedIn, headers: Record<string, string> = {}) {
  const answer = await postJson(url, body, { ...bearer(person), ...headers });
  if (answer.status !== 201) throw new Error(`${answer.status} ${answer.text}`);
  return (answer.json() as { id: string }).id;
}
