import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { HealthReport } from "../../../src/kit/health/health-report.ts";
import { renderPage } from "../../../src/kit/status-page/page.ts";
import { ago, breaker, down, extras, healthReport, longHistory, now, samples, up } from "./support/health-reports.ts";
import { summaryOf, textOf, titleOf } from "./support/reading.ts";

const pageOf = (over: Partial<HealthReport>) => renderPage(healthReport(over), extras());

describe("the summary", () => {
  const sentence = (over: Partial<HealthReport>) => summaryOf(pageOf(over));

  test("reports that all checks pass", () => {
    assert.equal(sentence({}), "All 3 checks pass; this instance is in rotation.");
    assert.equal(sentence({ checks: { postgres: up() } }), "The only check passes; this instance is in rotation.");
    assert.equal(sentence({ checks: {} }), "There are no checks; this instance is in rotation.");
  });

  test("names a failing critical check, the reason, the time and the consequence", () => {
    assert.equal(
      sentence({ status: "unhealthy", checks: { postgres: down({ critical: true }), redis: up() } }),
      "postgres does not answer (timeout) since 03:12:07 UTC; it is critical, so this instance is out of rotation.",
    );
  });

  test("reports that an instance with an exempted check stays in rotation", () => {
    assert.match(
      sentence({ status: "degraded", checks: { postgres: down({ critical: true }) } }),
      /but this instance stays in rotation/,
    );
  });

  test("distinguishes a check that makes the instance degraded from one that takes it out of rotation", () => {
    const redis = down({ reason: "refused" });
    assert.equal(
      sentence({ status: "degraded", checks: { postgres: up({ critical: true }), redis } }),
      "redis refuses connections since 03:12:07 UTC; it is not critical, so this instance stays in rotation.",
    );
    assert.match(
      sentence({ status: "unhealthy", checks: { postgres: down({ critical: true }), redis } }),
      /out of rotation\. Besides, redis refuses connections since 03:12:07 UTC, which is not critical\.$/,
    );
    assert.match(
      sentence({ status: "unhealthy", checks: { postgres: down({ critical: true }), redis, schema: down() } }),
      /out of rotation\. Besides, redis .* and schema .*, which are not critical\.$/,
    );
  });

  test("stays short with many failing checks, and shows the date of an earlier day", () => {
    const names = ["a", "b", "c", "d", "e"];
    const checks = Object.fromEntries(names.map((name) => [name, down({ critical: true, since: ago(90_000) })]));
    assert.equal(
      sentence({ status: "unhealthy", checks }),
      "a does not answer (timeout) since 2026-11-19 02:14:07 UTC, b does not answer (timeout) since 2026-11-19 02:14:07 UTC " +
        "and 3 further checks fail; all 5 are critical, so this instance is out of rotation.",
    );
  });

  test("names an open breaker if no check fails", () => {
    const circuitBreakers = [breaker({ name: "mailer", state: "open" })];
    assert.match(
      sentence({ status: "degraded", circuitBreakers }),
      /^No check is down, but not every circuit breaker is closed: mailer/,
    );
  });

  test("explains the phase, and what the start waits for", () => {
    const unknown = up({ critical: true, status: "unknown", latencyMs: null });
    const starting = { status: "unhealthy", phase: "starting" } as const;
    assert.match(
      sentence({ ...starting, checks: { postgres: unknown } }),
      /receives no requests until .* first result of postgres\.$/,
    );
    assert.match(
      sentence({ ...starting, checks: { postgres: down({ critical: true }) } }),
      /The start is blocked: postgres does not answer/,
    );
    assert.match(
      sentence({ status: "unhealthy", phase: "draining" }),
      /shutting down on request: it is out of rotation/,
    );
    assert.match(sentence({ status: "unhealthy", phase: "stopped" }), /about to exit/);
  });
});

describe("the colour, shape and icon of the badge", () => {
  const looks: [Partial<HealthReport>, string, string, string][] = [
    [{}, "Healthy · api-server-2", "good", "tick"],
    [{ status: "degraded", checks: { redis: down() } }, "Degraded, redis · api-server-2", "warn", "triangle"],
    [{ status: "unhealthy", checks: { postgres: down() } }, "Unhealthy, postgres · api-server-2", "bad", "octagon"],
    [{ status: "unhealthy", phase: "starting" }, "Starting · api-server-2", "calm", "hourglass"],
    [
      { status: "unhealthy", phase: "starting", checks: { postgres: down() } },
      "Starting, postgres · api-server-2",
      "warn",
      "hourglass",
    ],
    [{ status: "unhealthy", phase: "draining" }, "Draining · api-server-2", "calm", "arrow"],
    [{ status: "unhealthy", phase: "stopped" }, "Stopped · api-server-2", "calm", "square"],
  ];
  for (const [over, title, tone, shape] of looks) {
    test(`match the page title "${title}"`, () => {
      const page = pageOf(over);
      assert.equal(titleOf(page), title);
      assert.match(page, new RegExp(`<section class="band ${tone}".*?<h1[^>]*><svg[^>]*><use href="#s-${shape}"/>`));
    });
  }

  test("each state has its own icon", () => {
    const icons = looks.map(([over]) => /rel="icon" href="([^"]+)"/.exec(pageOf(over))?.[1]);
    assert.equal(new Set(icons).size, looks.length);
  });
});

describe("the checks and breakers on the page", () => {
  test("an open breaker shows the time of its next trial", () => {
    const circuitBreakers = [breaker({ state: "open", since: ago(60), nextAttemptAt: ago(-3) })];
    const text = textOf(pageOf({ circuitBreakers }));
    assert.match(text, /open since 03:13:07 UTC; calls are rejected; next trial at 03:14:10 UTC/);
  });

  test("a breaker without a check of its name is shown too", () => {
    assert.match(
      textOf(pageOf({ circuitBreakers: [breaker({ name: "mailer", state: "half_open" })] })),
      /Other circuit breakers mailer half open since/,
    );
  });

  test("one failure that is not yet an outage is shown", () => {
    const redis = up({ consecutiveFailures: 1, reason: "reset" });
    assert.match(textOf(pageOf({ checks: { redis } })), /The last run failed: redis drops the connection\./);
  });

  test("one success that is not yet a recovery is shown", () => {
    const redis = down({ consecutiveFailures: 0 });
    assert.match(
      textOf(pageOf({ checks: { redis } })),
      /The last run passed\. After one more success in a row, the check is up\./,
    );
  });
});

describe("a part without data has a sentence that states this", () => {
  const text = textOf(renderPage(healthReport({ checks: {}, circuitBreakers: [], history: [] }), extras()));
  for (const words of ["No checks are configured.", "There are no circuit breakers.", "Nothing has changed yet."]) {
    test(`"${words}"`, () => assert.ok(text.includes(words)));
  }

  test("a check without samples, and memory without a limit", () => {
    const { system } = healthReport();
    const memory = { ...system.memory, limitBytes: null };
    const page = textOf(renderPage(healthReport({ system: { ...system, memory } }), extras({ samples: () => [] })));
    assert.match(page, /No samples in the last ten minutes\./);
    assert.match(page, /no limit is set/);
  });
});

describe("the history", () => {
  const rowsOf = (page: string) => [...page.matchAll(/<tr class.*?<\/tr>/g)].map(([row]) => textOf(row));

  test("lists sentences, newest first", () => {
    const history = [
      { at: ago(60), kind: "check", name: "postgres", from: "up", to: "down", reason: "timeout" },
      { at: ago(60), kind: "verdict", name: "ready", from: "ready", to: "not_ready", reason: "timeout" },
      { at: ago(59), kind: "breaker", name: "postgres", from: "closed", to: "open", reason: null },
      { at: ago(5), kind: "phase", name: "lifecycle", from: "ready", to: "draining", reason: null },
    ] as const;
    assert.deepEqual(rowsOf(pageOf({ history })), [
      "03:14:02 phase The instance began to shut down.",
      "03:13:08 breaker The breaker of postgres opened; calls are rejected.",
      "03:13:07 verdict Out of rotation: a dependency does not answer (timeout).",
      "03:13:07 check postgres went down: it does not answer (timeout).",
    ]);
  });

  test("folds earlier changes, and states how many are left out", () => {
    const page = pageOf({ history: longHistory(200) });
    assert.equal(rowsOf(page).length, 45);
    assert.match(textOf(page), /30 earlier .* 155 more, still earlier, are in the JSON form of this page\./);
  });
});

test("with six checks, ten minutes of samples and a long history, a page is below 64 kB and renders quickly", () => {
  const names = ["postgres", "redis", "schema", "fleet", "photos", "mail"];
  const checks = Object.fromEntries(names.map((name) => [name, down({ critical: true })]));
  const circuitBreakers = names.map((name) => breaker({ name }));
  const flapping = samples({ failing: (ageMs) => ageMs % 26_000 < 4000 });
  const busy = healthReport({ status: "unhealthy", checks, circuitBreakers, history: longHistory(200) });
  const render = () => renderPage(busy, extras({ samples: () => flapping }));
  assert.ok(Buffer.byteLength(render()) < 64_000, `${Buffer.byteLength(render())} bytes`);
  const times = Array.from({ length: 200 }, () => {
    const startedAt = performance.now();
    render();
    return performance.now() - startedAt;
  });
  const median = times.toSorted((a, b) => a - b)[100] ?? 0;
  // It takes about 1 ms on an idle machine.
  assert.ok(median < 10, `${median} ms`);
});

describe("the certificates of the dependencies", () => {
  const dayMs = 86_400_000;
  const certificate = (of: string, daysLeft: number) => ({
    of,
    daysLeft,
    expiresAt: new Date(now + daysLeft * dayMs).toISOString(),
  });

  test("are listed with the days left and the expiry time, and those that expire soon are highlighted", () => {
    const certificates = [certificate("postgres", 40), certificate("redis", 20), certificate("s3", 1)];
    const text = textOf(pageOf({ certificates }));
    assert.match(text, /postgres 40 days ?valid until 2026-12-30 03:14:07 UTC/);
    assert.match(text, /redis 20 days renew soon/);
    assert.match(text, /s3 1 day renew now/);
  });

  test("are reported as expired after their expiry time", () => {
    assert.match(textOf(pageOf({ certificates: [certificate("postgres", -1)] })), /postgres expired renew now/);
  });

  test("have no section if no dependency uses TLS", () => {
    assert.doesNotMatch(textOf(pageOf({ certificates: [] })), /Certificates/);
  });
});
