import type { DemoTarget } from "../../core/embedded-engines.ts";
import { uuidv7 } from "../../core/ids.ts";
import { demoData } from "./demo-data.ts";
import { insertRows, rowValues } from "./insert-rows.ts";

export const demoLogin = { email: "demo@haven.example", password: "demo-password" };

/**
 * Creates the demo account with its data if the database has no users. A later start therefore keeps the changes that a
 * user has made. One statement creates everything, so that an interrupted start leaves nothing behind.
 */
export async function addDemoData({ query, hash }: DemoTarget): Promise<void> {
  const account = [uuidv7(), demoLogin.email, await hash(demoLogin.password)];
  await query(statement, [...rowValues(demoData(Date.now())), ...account]);
}

const statement = insertRows(`
  INSERT INTO users (id, email, name, password_hash)
  SELECT $7::uuid, $8::text, 'Robin Demo', $9::text WHERE NOT EXISTS (SELECT FROM users) RETURNING id`);
