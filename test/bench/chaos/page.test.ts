import assert from "node:assert/strict";
import { test } from "node:test";
import type { ServerName } from "../../../bench/chaos/arguments.ts";
import { factsOf, type Observed } from "../../../bench/chaos/measure.ts";
import { renderPage } from "../../../bench/chaos/report/page.ts";
import type { Outcome } from "../../../bench/chaos/results.ts";

const moments = { from: 0, injected: 3000, inEffect: 3200, ended: 12_000, healthy: 13_000, to: 16_000 };
const write = (startedAt: number) => ({
  kind: "write" as const,
  startedAt,
  ms: 10,
  result: "503 unavailable" as const,
});
const probe = (at: number, state: string) => ({ by: "probe" as const, instance: "one", at, state });
const balance = { acknowledged: 5, unanswered: 0, lost: [], duplicated: [] };

const outcome = (server: ServerName, fault: string, observations: Observed["observations"]): Outcome => ({
  ...{ proxy: "nginx", server, fault, commit: "abc" },
  facts: factsOf({
    ...{ moments, requests: [], signIns: 0, stalledMs: 0, balance },
    attempts: [write(3490), write(11_990)],
    observations: [probe(0, "ready"), ...observations],
  }),
});

const page = (...outcomes: Outcome[]) =>
  renderPage({
    results: { outcomes, topologies: [] },
    machine: [],
    imageOf: (proxy, fault) => `${proxy}-${fault}.svg`,
  });

const reported = [probe(4500, "degraded"), probe(13_000, "ready")];

test("Haven is compared with the usual stack, with the number of faults that each reported in time", () => {
  const text = page(outcome("haven", "postgres-read-only", reported), outcome("peer", "postgres-read-only", []));
  assert.match(text, /^\| \[Postgres read-only\]\(#postgres-read-only-behind-nginx\) \| 1\.00 s \| > 8\.50 s \|/m);
  assert.match(text, /in 1 of 1 faults with Haven, and in 0 of 1 faults with\s+the usual stack/);
});

test("without figures of the usual stack there is no comparison", () => {
  assert.doesNotMatch(page(outcome("haven", "postgres-read-only", reported)), /usual stack/);
});

test("missed bounds of Haven are listed at the top, by fault; the usual stack has no bounds", () => {
  const text = page(outcome("haven", "postgres-read-only", []), outcome("peer", "redis-replica", []));
  assert.match(
    text,
    /Bounds that were missed:\n\n- \*\*Postgres read-only\*\*: behind NGINX, the false-ready time was more than 8\.50 s/,
  );
  assert.doesNotMatch(text, /\*\*Redis turned into a replica\*\*/);
});

test("every row of a table links to a heading", () => {
  const text = page(
    ...["failover-hosts", "failover-address", "cpu-quota"].map((fault) => outcome("haven", fault, reported)),
  );
  const headings = [...text.matchAll(/^### (.+)$/gm)].map(([, heading]) =>
    String(heading)
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_ -]/gu, "")
      .replaceAll(" ", "-"),
  );
  const links = [...text.matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor]) => anchor);
  assert.deepEqual(
    links.filter((anchor) => anchor !== "setup" && !headings.includes(String(anchor))),
    [],
  );
  assert.equal(headings.length, 3);
});

test("the resources of idle instances are compared, and an increase after the faults is a missed bound", () => {
  const before = { postgres: 12, redis: 6, handles: 60, heapMb: 100 };
  const end = { proxy: "nginx" as const, server: "haven" as const, topology: "single", balance };
  const outcomes = [{ ...outcome("haven", "redis-killed", reported), resources: { ...before, handles: 80 } }];
  const topologies = [{ ...end, idleResources: { before, after: { ...before, redis: 9 } } }];
  const text = renderPage({ results: { outcomes, topologies }, machine: [], imageOf: () => "x.svg" });
  assert.match(text, /^\| open handles \| 60 \| 80 \| 60 \|$/m);
  assert.match(text, /- Resources after the run, behind NGINX: connections to Redis: 9 after the faults, 6 before\./);
});
