import { ask } from "../../test/shared/requests/http.ts";
import { interleave } from "../interleave.ts";
import { addProperties } from "../load/add-properties.ts";
import { newOwner, type Owner } from "../load/owner.ts";
import { runWrk } from "../load/wrk.ts";
import { atMost, type Outcome, type RunLength, type Scenario } from "../report/outcome.ts";
import { ratios, spreadOf } from "../report/statistics.ts";
import type { Testbed } from "../testbed.ts";

export const deepPage: Scenario = {
  name: "deep-page",
  title: "Page 10,000 of a list of a million",
  why: `A cursor contains the position of the last row of a page, and the next page is read from the index at that position.
    No row is counted or skipped, at any depth.`,
  run,
};

const pageSize = 100;

async function run(testbed: Testbed, { rounds, seconds, quick }: RunLength): Promise<Outcome> {
  const pages = quick ? 20 : 10_000;
  const haven = await testbed.haven();
  const owner = await newOwner(haven.url, "landlord@example.org");
  await addProperties(testbed.databaseUrl, owner, { from: 1, to: pages * pageSize });
  const first = `${haven.url}/api/v1/properties?limit=${pageSize}`;
  const deep = await walkTo(pages, first, owner);
  const read = (url: string) => async () =>
    (await runWrk({ url, headers: owner.headers, seconds, connections: 4 })).perSecond;
  const measured = await interleave(rounds, { "page 1": read(first), deep: read(deep) });
  await haven.stop();
  return {
    claims: [
      {
        what: "page 10,000 of a list of a million rows: time relative to page 1",
        bound: atMost(1.2),
        measured: spreadOf(ratios(measured["page 1"], measured.deep)),
        unit: "times",
      },
    ],
    charts: [
      {
        name: "deep-page",
        title: `Pages of ${pageSize} rows per second`,
        unit: "/s",
        bars: [
          { label: "page 1", spread: spreadOf(measured["page 1"]), ours: true },
          { label: `page ${pages.toLocaleString("en")}`, spread: spreadOf(measured.deep), ours: true },
        ],
      },
    ],
    notes: [],
  };
}

/** Requests one page after the other, as a client does. */
async function walkTo(page: number, first: string, { headers }: Owner): Promise<string> {
  let url = first;
  for (let number = 1; number < page; number += 1) {
    const { status, text } = await ask(url, { headers: { ...headers } });
    if (status !== 200) throw new Error(`page ${number}: ${status} ${text.slice(0, 200)}`);
    url = `${first}&cursor=${encodeURIComponent(JSON.parse(text).nextCursor)}`;
  }
  return url;
}
