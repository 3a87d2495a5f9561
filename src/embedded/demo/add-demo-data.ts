import type { DemoTarget } from "../../core/embedded-engines.ts";
import { uuidv7 } from "../../core/ids.ts";
import { demoData } from "./demo-data.ts";

export const demoLogin = { email: "demo@haven.example", password: "demo-password" };

/**
 * Creates an account with data, only in an empty database, so that later changes and deletions stay. One statement, so
 * that an interrupted start leaves nothing behind.
 */
export async function addDemoData({ query, hash }: DemoTarget): Promise<void> {
  const { properties, units, leases, requests, events } = demoData(Date.now());
  await query(statement, [
    uuidv7(),
    demoLogin.email,
    await hash(demoLogin.password),
    ...[properties, units, leases, requests, events].map((rows) => JSON.stringify(rows)),
  ]);
}

const from = (table: string, parameter: number) =>
  `FROM jsonb_populate_recordset(null::${table}, $${parameter}) r, owner`;

const statement = `
  WITH owner AS (
    INSERT INTO users (id, email, name, password_hash)
    SELECT $1::uuid, $2::text, 'Robin Demo', $3::text WHERE NOT EXISTS (SELECT FROM users) RETURNING id
  ), new_properties AS (
    INSERT INTO properties (id, owner_id, name, kind, address, created_at, updated_at)
    SELECT r.id, owner.id, r.name, r.kind, r.address, r.created_at, r.created_at ${from("properties", 4)}
  ), new_units AS (
    INSERT INTO units (id, owner_id, property_id, label, bedrooms, bathrooms, rent_cents, currency, withdrawn,
      created_at, updated_at)
    SELECT r.id, owner.id, r.property_id, r.label, r.bedrooms, r.bathrooms, r.rent_cents, r.currency, r.withdrawn,
      r.created_at, r.created_at ${from("units", 5)}
  ), new_leases AS (
    INSERT INTO leases (id, owner_id, unit_id, tenant_name, tenant_email, starts_on, ends_on, rent_cents, currency,
      created_at, updated_at)
    SELECT r.id, owner.id, r.unit_id, r.tenant_name, r.tenant_email, r.starts_on, r.ends_on, r.rent_cents, r.currency,
      r.created_at, r.created_at ${from("leases", 6)}
  ), new_requests AS (
    INSERT INTO maintenance_requests (id, owner_id, unit_id, title, description, priority, status, created_at,
      updated_at)
    SELECT r.id, owner.id, r.unit_id, r.title, r.description, r.priority, r.status, r.created_at, r.updated_at
    ${from("maintenance_requests", 7)}
  ), new_events AS (
    INSERT INTO maintenance_events (id, owner_id, position, request_id, unit_id, type, data, created_at)
    SELECT r.id, owner.id, r.position, r.request_id, r.unit_id, r.type, r.data, r.created_at
    ${from("maintenance_events", 8)}
    RETURNING position
  )
  INSERT INTO maintenance_event_heads (owner_id, position)
  SELECT owner.id, (SELECT max(position) FROM new_events) FROM owner`;
