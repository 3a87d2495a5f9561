import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { allowedFailures } from "../../../src/kit/status-page/meters.ts";
import { renderPage } from "../../../src/kit/status-page/page.ts";
import { ago, down, extras, healthReport, up } from "./support/health-reports.ts";
import { textOf } from "./support/reading.ts";

test("a check that is down shows no latency, although its run took two seconds", () => {
  const page = renderPage(healthReport({ checks: { postgres: down({ latencyMs: 2000 }), redis: up() } }), extras());
  const [postgres = "", redis = ""] = page.split("<article").slice(1);
  assert.match(postgres, /no answer/);
  assert.doesNotMatch(postgres, /class="latency"/);
  assert.match(redis, /class="latency"/);
});

test("in the history, a start of one second is not drawn wider than one second, and the history has a legend", () => {
  const start = (kind: "phase" | "verdict", from: string, to: string, seconds: number) =>
    ({ at: ago(seconds), kind, name: kind, from, to, reason: null }) as const;
  const history = [start("phase", "stopped", "starting", 3600), start("phase", "starting", "ready", 3599)];
  const page = renderPage(healthReport({ history }), extras());
  const row = /<li data-key="phase phase">.*?<\/li>/s.exec(page)?.[0] ?? "";
  assert.doesNotMatch(row, /class="calm"/, "one second is too short to be drawn in a row of one hour");
  assert.match(page, /aria-label="Legend"/);
});

test("the error budget of a day follows from the objectives of the alerts", () => {
  const rules = readFileSync(new URL("../../../monitoring/rules/slo.yml", import.meta.url), "utf8");
  const objective = Number(/record: slo:availability:objective\s+expr: (?:vector\()?([\d.]+)/.exec(rules)?.[1]);
  assert.ok(Math.abs(1 - objective - allowedFailures) < 1e-9, String(objective));
  const { http } = healthReport();
  const day = { requests: 10_000, errors: 5, hours: 24 };
  assert.match(textOf(renderPage(healthReport({ http: { ...http, day } }), extras())), /Error budget spent ?50 %/);
});

test("the page shows a meter of the memory also without a memory limit", () => {
  const { system } = healthReport();
  const page = renderPage(
    healthReport({ system: { ...system, memory: { ...system.memory, limitBytes: null } } }),
    extras(),
  );
  assert.match(page, /aria-label="Memory"/);
});

test("links of the settings are on the page, and their text is escaped", () => {
  const page = renderPage(
    healthReport(),
    extras({ links: [{ label: "<b>Runbook", href: 'https://wiki.example/"x' }] }),
  );
  assert.match(page, /<a href="https:\/\/wiki\.example\/&quot;x">&lt;b&gt;Runbook<\/a>/);
});

test("the delay of the event loop shows no alarm while the check of the event loop passes", () => {
  const { system } = healthReport();
  const slow = { ...system, eventLoop: { ...system.eventLoop, delayMs: 112 } };
  const delayWith = (check: ReturnType<typeof up>) => {
    const page = renderPage(healthReport({ system: slow, checks: { "event-loop": check } }), extras());
    return /data-key="Event loop delay">.*?<\/div>/s.exec(page)?.[0] ?? "";
  };
  assert.match(delayWith(up()), />high</);
  assert.doesNotMatch(delayWith(up()), /too high/);
  assert.match(delayWith(down()), /too high/);
});

test("the error budget refers to the time since the start while the instance is younger than the period", () => {
  const { http } = healthReport();
  const text = (uptimeSeconds: number) =>
    textOf(
      renderPage(
        healthReport({ uptimeSeconds, http: { ...http, day: { requests: 9, errors: 0, hours: 1 } } }),
        extras(),
      ),
    );
  assert.match(text(60), /0 of 9 requests failed since the start/);
  assert.match(text(4000), /0 of 9 requests failed in 1 hour/);
});

test("each group of breaker numbers has a name of its own, and attributes are separated by spaces", () => {
  const page = renderPage(healthReport(), extras());
  const names = [...page.matchAll(/<summary>(Numbers of [^<]+)<\/summary>/g)].map(([, name]) => name);
  assert.ok(names.length >= 2, String(names));
  assert.equal(new Set(names).size, names.length);
  assert.doesNotMatch(page, /<[a-z]+ [^<>]*"[a-z-]+="/);
});
