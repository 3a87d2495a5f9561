import { query } from "../../test/shared/servers/stores/database.ts";
import { interleave } from "../interleave.ts";
import { addProperties } from "../load/add-properties.ts";
import { newOwner, type Owner, propertyBody } from "../load/owner.ts";
import { signInAt, storeSession } from "../load/peer-sessions.ts";
import { runWrk } from "../load/wrk.ts";
import { atLeast, type Outcome, type RunLength, type Scenario } from "../report/outcome.ts";
import { barsOf, ratios, spreadOf } from "../report/statistics.ts";
import type { Testbed } from "../testbed.ts";

export const authenticatedWrite: Scenario = {
  name: "authenticated-write",
  title: "An authenticated POST with an Idempotency-Key, compared with hand-written code",
  why: `The row and the response are stored in one transaction, so that a retry gets the same response from any instance. The
    transaction takes three round trips: one for BEGIN, the lock of the key and the look-up of a stored response; one for the
    row; one for the storing of the response and COMMIT. The hand-written server gives the same guarantee with one statement
    after the other; the usual stack inserts the row and guarantees nothing about retries.`,
  run,
};

async function run(testbed: Testbed, { rounds, seconds }: RunLength): Promise<Outcome> {
  const haven = await testbed.haven();
  const owner = await newOwner(haven.url, "writer@example.org");
  await storeSession(testbed.redisUrl, owner);
  await fillTables(testbed.databaseUrl, owner);
  const raw = await testbed.peer("raw-property-write");
  const usual = await testbed.peer("usual-stack", { BODY: "{}" });
  const cookie = await signInAt(usual.url, owner);
  const write = (url: string, headers: Readonly<Record<string, string>>) => async () =>
    (await runWrk({ url: `${url}/api/v1/properties`, headers, seconds, postBody: propertyBody })).perSecond;
  const measured = await interleave(rounds, {
    Haven: write(haven.url, owner.headers),
    "by hand": write(raw.url, owner.headers),
    "usual stack, no key": write(usual.url, { ...owner.headers, cookie }),
  });
  for (const server of [haven, raw, usual]) await server.stop();
  return {
    claims: [
      {
        what: "an authenticated POST of one row with an Idempotency-Key: throughput relative to hand-written node:http code with the same guarantee",
        bound: atLeast(0.7),
        measured: spreadOf(ratios(measured.Haven, measured["by hand"])),
        unit: "ratio",
      },
    ],
    charts: [
      {
        name: "authenticated-write",
        title: "An authenticated POST with an Idempotency-Key, relative to hand-written code",
        unit: "ratio",
        bars: barsOf(measured, "by hand"),
      },
    ],
    notes: [],
  };
}

const rows = 20_000;

/**
 * Fills the tables as in production. Postgres plans a prepared statement on an empty table as a scan of the whole table, and
 * keeps that plan until it has new statistics, so the server that begins would be four times slower than the others.
 */
async function fillTables(databaseUrl: string, owner: Owner): Promise<void> {
  await addProperties(databaseUrl, owner, { from: 1, to: rows });
  await query(
    databaseUrl,
    `INSERT INTO idempotency_keys (user_id, key, fingerprint, status, headers, body)
     SELECT owner_id, id::text, 'none', 201, '{}', '{}' FROM properties`,
  );
  await query(databaseUrl, "VACUUM ANALYZE idempotency_keys");
}
