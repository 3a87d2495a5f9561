import type { DemoData } from "./rows.ts";

/** Returns the values of the parameters `$1` to `$6` of `insertRows`. */
export const rowValues = ({ properties, units, leases, requests, events }: DemoData): readonly unknown[] => [
  ...[properties, units, leases, requests].map((rows) => JSON.stringify(rows)),
  JSON.stringify(events.map((event, index) => ({ ...event, position: index + 1 }))),
  events.length,
];

const from = (table: string, parameter: number) =>
  `FROM jsonb_populate_recordset(null::${table}, $${parameter}) r, owner`;

/**
 * Inserts rows for the user whose id the statement `owner` returns, and no rows if it returns none. The parameters of
 * `owner` begin with `$7`. The new events come after the latest event of that user.
 */
export const insertRows = (owner: string): string => `
  WITH owner AS (${owner}), head AS (
    INSERT INTO maintenance_event_heads AS heads (owner_id, position) SELECT owner.id, $6::bigint FROM owner
    ON CONFLICT (owner_id) DO UPDATE SET position = heads.position + excluded.position
    RETURNING position
  ), new_properties AS (
    INSERT INTO properties (id, owner_id, name, kind, address, created_at, updated_at)
    SELECT r.id, owner.id, r.name, r.kind, r.address, r.created_at, r.created_at ${from("properties", 1)}
  ), new_units AS (
    INSERT INTO units (id, owner_id, property_id, label, bedrooms, bathrooms, rent_cents, currency, withdrawn,
      created_at, updated_at)
    SELECT r.id, owner.id, r.property_id, r.label, r.bedrooms, r.bathrooms, r.rent_cents, r.currency, r.withdrawn,
      r.created_at, r.created_at ${from("units", 2)}
  ), new_leases AS (
    INSERT INTO leases (id, owner_id, unit_id, tenant_name, tenant_email, starts_on, ends_on, rent_cents, currency,
      created_at, updated_at)
    SELECT r.id, owner.id, r.unit_id, r.tenant_name, r.tenant_email, r.starts_on, r.ends_on, r.rent_cents, r.currency,
      r.created_at, r.created_at ${from("leases", 3)}
  ), new_requests AS (
    INSERT INTO maintenance_requests (id, owner_id, unit_id, title, description, priority, status, created_at,
      updated_at)
    SELECT r.id, owner.id, r.unit_id, r.title, r.description, r.priority, r.status, r.created_at, r.updated_at
    ${from("maintenance_requests", 4)}
  )
  INSERT INTO maintenance_events (id, owner_id, position, request_id, unit_id, type, data, created_at)
  SELECT r.id, owner.id, head.position - $6 + r.position, r.request_id, r.unit_id, r.type, r.data, r.created_at
  ${from("maintenance_events", 5)}, head`;
