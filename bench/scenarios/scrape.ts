import { ask } from "../../test/shared/requests/http.ts";
import { atMost, type Outcome, type Pace, type Scenario } from "../outcome.ts";
import { newOwner, type Owner } from "../owner.ts";
import { spreadOf } from "../statistics.ts";
import type { World } from "../world.ts";
import { FailedRequests } from "../wrk.ts";

export const scrape: Scenario = {
  name: "scrape",
  title: "A scrape of /metrics after every route was seen",
  why: `Requests are counted in plain numbers; a scrape turns them into text in one pass. There is no label whose values
    a client could choose, so the text does not grow with what strangers send.`,
  run,
};

const everyMs = 10;

async function run(world: World, { rounds }: Pace): Promise<Outcome> {
  const haven = await world.haven();
  const owner = await newOwner(haven.url, "scraped@example.org");
  const routes = await askEverything(haven.url, owner);
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
        what: "a scrape of `/metrics` with all routes seen, from the request to its last byte (the loop is blocked for less)",
        bound: atMost(10),
        measured: spreadOf(times),
        unit: "ms",
      },
    ],
    charts: [],
    notes: [
      `${routes} operations were requested anonymously, all but the stream and those of accounts also with a token; ${series} samples in the text.`,
    ],
  };
}

/** Requests each operation of the document, anonymously and with a token: most are rejected, and counted. */
async function askEverything(url: string, { headers }: Owner): Promise<number> {
  const document = JSON.parse((await ask(`${url}/api/openapi.json`)).text);
  const operations = Object.entries<object>(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods)
      .filter((method) => ["get", "post", "put", "patch", "delete"].includes(method))
      .map((method) => ({ path: path.replaceAll(/\{\w+\}/g, "018f0000-0000-7000-8000-000000000000"), method })),
  );
  for (const { path, method } of operations) {
    // A stream does not end, and a logout revokes the token.
    const asSomebody = !path.endsWith("/stream") && !path.includes("/auth/");
    for (const given of asSomebody ? [{}, headers] : [{}]) {
      const { status } = await ask(url + path, { method: method.toUpperCase(), headers: { ...given } });
      if (status >= 500) throw new FailedRequests(`${method} ${path} answered ${status}.`);
    }
  }
  return operations.length;
}
