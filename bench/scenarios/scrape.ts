import { ask } from "../../test/shared/requests/http.ts";
import { newOwner, type Owner } from "../load/owner.ts";
import { FailedRequests } from "../load/wrk.ts";
import { atMost, type Outcome, type RunLength, type Scenario } from "../report/outcome.ts";
import { spreadOf } from "../report/statistics.ts";
import type { Testbed } from "../testbed.ts";

export const scrape: Scenario = {
  name: "scrape",
  title: "A scrape of /metrics after every route was called",
  why: `Requests are counted in plain numbers, and a scrape converts them to text in one pass. No label has values that a
    client can choose, so unknown paths do not make the text longer.`,
  run,
};

const everyMs = 10;

async function run(testbed: Testbed, { rounds }: RunLength): Promise<Outcome> {
  const haven = await testbed.haven();
  const owner = await newOwner(haven.url, "scraped@example.org");
  const routes = await callEveryOperation(haven.url, owner);
  const times: number[] = [];
  for (let number = 0; number < rounds * 25; number += 1) {
    await new Promise((resolve) => setTimeout(resolve, everyMs));
    const answer = await ask(`${haven.url}/metrics`);
    if (answer.status !== 200) throw new FailedRequests(`/metrics answered ${answer.status}.`);
    if (number >= 25 || rounds === 1) times.push(answer.ms);
  }
  const series = (await ask(`${haven.url}/metrics`)).text.split("\n").filter((line) => /^\w/.test(line)).length;
  await haven.stop();
  return {
    claims: [
      {
        what: "a scrape of `/metrics` after every route was called: time from the request to the last byte, which is longer than the event loop is blocked",
        bound: atMost(10),
        measured: spreadOf(times),
        unit: "ms",
      },
    ],
    charts: [],
    notes: [
      `${routes} operations were called anonymously, and all except the stream and the account operations also with a token. The text has ${series} samples.`,
    ],
  };
}

/** Requests each operation of the document, anonymously and with a token. Most requests are rejected, but counted. */
async function callEveryOperation(url: string, { headers }: Owner): Promise<number> {
  const document = JSON.parse((await ask(`${url}/api/openapi.json`)).text);
  const operations = Object.entries<object>(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods)
      .filter((method) => ["get", "post", "put", "patch", "delete"].includes(method))
      .map((method) => ({ path: path.replaceAll(/\{\w+\}/g, "018f0000-0000-7000-8000-000000000000"), method })),
  );
  for (const { path, method } of operations) {
    // A stream does not end, and a logout revokes the token.
    const withToken = !path.endsWith("/stream") && !path.includes("/auth/");
    for (const credentials of withToken ? [{}, headers] : [{}]) {
      const { status } = await ask(url + path, { method: method.toUpperCase(), headers: { ...credentials } });
      if (status >= 500) throw new FailedRequests(`${method} ${path} answered ${status}.`);
    }
  }
  return operations.length;
}
