import type { DemoTarget } from "../../../core/embedded-engines.ts";
import { uuidv7 } from "../../../core/ids.ts";

export const demoLogin = { email: "demo@haven.example", password: "demo-password" };

const notes = [
  ["Order coffee", "Two bags, whole beans."],
  ["Renew the certificate", "It expires at the end of the month; /metrics has the date."],
  ["Read the status page", "/health/detailed in a browser."],
];

/**
 * Creates an account with notes, only in an empty database, so that a later start does not undo changes and deletions.
 * It runs one statement, so that an interrupted start leaves nothing behind.
 */
export async function addDemoData({ query, hash }: DemoTarget): Promise<void> {
  const rows = notes.map(([title, text]) => ({ id: uuidv7(), title, text }));
  await query(statement, [uuidv7(), demoLogin.email, await hash(demoLogin.password), JSON.stringify(rows)]);
}

const statement = `
  WITH owner AS (
    INSERT INTO users (id, email, name, password_hash)
    SELECT $1::uuid, $2::text, 'Robin Demo', $3::text WHERE NOT EXISTS (SELECT FROM users) RETURNING id
  )
  INSERT INTO notes (id, owner_id, title, text)
  SELECT r.id, owner.id, r.title, r.text FROM jsonb_populate_recordset(null::notes, $4) r, owner`;
