import pg from "pg";
import { MigrationError } from "./migrate/migration-files.ts";

// The migrating role owns the tables. The serving role may read and write rows, but not change tables.

/** The schema of the job queue, which `src/db/migrations/0011_job_queue.sql` creates. */
export const jobSchema = "haven_jobs";

const selectRelations = `
  SELECT format('%I.%I', n.nspname, c.relname) AS name, c.relkind = 'S' AS "isSequence",
         c.oid = 'schema_migrations'::regclass AS "isHistory"
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname IN (current_schema(), '${jobSchema}') AND c.relkind IN ('r', 'p', 'v', 'S')
    AND c.relowner = (SELECT relowner FROM pg_class WHERE oid = 'schema_migrations'::regclass)
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
  ORDER BY c.relname`;

/** Returns no rows if the role does not exist. */
const selectSchemas = `
  SELECT quote_ident(n.nspname) AS schema FROM pg_namespace n, pg_roles r
  WHERE r.rolname = $1 AND n.nspname IN (current_schema(), $2)`;

type Relation = { name: string; isSequence: boolean; isHistory: boolean };

/**
 * Grants privileges to the serving role. Each `migrate` runs this in the transaction that creates new tables, so that the
 * serving role can use them at once.
 */
export async function grantToRole(client: pg.Client, role: string): Promise<void> {
  const { rows: schemas } = await client.query<{ schema: string }>(selectSchemas, [role, jobSchema]);
  if (schemas.length === 0)
    throw new MigrationError(`The role in --grant-to does not exist. Create it first (docs/migrations.md).`);
  const grantee = pg.escapeIdentifier(role);
  const { rows } = await client.query<Relation>(selectRelations);
  const usages = schemas.map(({ schema }) => `USAGE ON SCHEMA ${schema}`);
  const grants = [...usages, ...rows.map(privilegesOn)].map((privileges) => `GRANT ${privileges} TO ${grantee}`);
  await client.query(grants.join(";\n")).catch((cause: unknown) => {
    if (!(cause instanceof pg.DatabaseError)) throw cause;
    throw new MigrationError(
      `The migrating role cannot grant privileges to the role in --grant-to: ${cause.message} (SQLSTATE ${cause.code})`,
      { cause },
    );
  });
}

function privilegesOn({ name, isSequence, isHistory }: Relation): string {
  if (isSequence) return `USAGE, SELECT ON SEQUENCE ${name}`;
  // The server reads the history to check whether the schema is current.
  return `${isHistory ? "SELECT" : "SELECT, INSERT, UPDATE, DELETE"} ON TABLE ${name}`;
}
