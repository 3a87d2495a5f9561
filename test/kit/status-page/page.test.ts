import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { HealthReport } from "../../../src/kit/health/health-report.ts";
import { renderPage } from "../../../src/kit/status-page/page.ts";
import { ago, breaker, down, extras, healthReport, longHistory, samples, up } from "./support/health-reports.ts";
import { summaryOf, textOf, titleOf } from "./support/reading.ts";

const pageOf = (over: Partial<HealthReport>) => renderPage(healthReport(over), extras());

describe("the sentence on top", () => {
  const sentence = (over: Partial<HealthReport>) => summaryOf(pageOf(over));

  test("says that all is well", () => {
    assert.equal(sentence({}), "All 3 checks pass; this instance is in rotation.");
    assert.equal(sentence({ checks: { postgres: up() } }), "The only check passes; this instance is in rotation.");
    assert.equal(sentence({ checks: {} }), "There is no check; this instance is in rotation.");
  });

  test("names a failing critical check, the reason, since when, and what follows from it", () => {
    assert.equal(
      sentence({ status: "unhealthy", checks: { postgres: down({ critical: true }), redis: up() } }),
      "postgres does not answer (timeout) since 03:12:07 UTC; it is critical, so this instance is out of rotation.",
    );
  });

  test("says that an instance with a failing critical check stays where the fleet needs it", () => {
    assert.match(
      sentence({ status: "degraded", checks: { postgres: down({ critical: true }) } }),
      /but this instance stays in rotation/,
    );
  });

  test("tells a check that degrades from one that takes the instance out", () => {
    const redis = down({ reason: "refused" });
    assert.equal(
      sentence({ status: "degraded", checks: { postgres: up({ critical: true }), redis } }),
      "redis refuses connections since 03:12:07 UTC; it is not critical, so this instance stays in rotation.",
    );
    assert.match(
      sentence({ status: "unhealthy", checks: { postgres: down({ critical: true }), redis } }),
      /out of rotation\. Besides, redis refuses connections since 03:12:07 UTC, which is not critical\.$/,
    );
  });

  test("stays short however much fails, and has the date of what began on another day", () => {
    const names = ["a", "b", "c", "d", "e"];
    const checks = Object.fromEntries(names.map((name) => [name, down({ critical: true, since: ago(90_000) })]));
    assert.equal(
      sentence({ status: "unhealthy", checks }),
      "a does not answer (timeout) since 2026-11-19 02:14:07 UTC, b does not answer (timeout) since 2026-11-19 02:14:07 UTC " +
        "and 3 further checks fail; all 5 are critical, so this instance is out of rotation.",
    );
  });

  test("points to an open breaker where no check fails", () => {
    const circuitBreakers = [breaker({ name: "mailer", state: "open" })];
    assert.match(
      sentence({ status: "degraded", circuitBreakers }),
      /^No check is down, but not every circuit breaker is closed: mailer/,
    );
  });

  test("explains a phase, and what a start waits for", () => {
    const unknown = up({ critical: true, status: "unknown", latencyMs: null });
    const starting = { status: "unhealthy", phase: "starting" } as const;
    assert.match(
      sentence({ ...starting, checks: { postgres: unknown } }),
      /takes no traffic until .* first answer of postgres\.$/,
    );
    assert.match(
      sentence({ ...starting, checks: { postgres: down({ critical: true }) } }),
      /It cannot go on: postgres does not answer/,
    );
    assert.match(sentence({ status: "unhealthy", phase: "draining" }), /shutting down as asked: it is out of rotation/);
    assert.match(sentence({ status: "unhealthy", phase: "stopped" }), /about to end/);
  });
});

describe("title, colour, shape and icon", () => {
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
    test(`go with ${title}`, () => {
      const page = pageOf(over);
      assert.equal(titleOf(page), title);
      assert.match(page, new RegExp(`<section class="band ${tone}".*?<h1[^>]*><svg[^>]*><use href="#s-${shape}"/>`));
    });
  }

  test("each state has an icon of its own", () => {
    const icons = looks.map(([over]) => /rel="icon" href="([^"]+)"/.exec(pageOf(over))?.[1]);
    assert.equal(new Set(icons).size, looks.length);
  });
});

describe("what a check shows", () => {
  test("an open breaker says what it does next", () => {
    const circuitBreakers = [breaker({ state: "open", since: ago(60), nextAttemptAt: ago(-3) })];
    const text = textOf(pageOf({ circuitBreakers }));
    assert.match(text, /open since 03:13:07 UTC; calls are refused at once; tries again at 03:14:10 UTC/);
  });

  test("a breaker without a check of its name is shown too", () => {
    assert.match(
      textOf(pageOf({ circuitBreakers: [breaker({ name: "mailer", state: "half_open" })] })),
      /Other circuit breakers mailer half open since/,
    );
  });

  test("one failure that is not yet an outage is told", () => {
    const redis = up({ consecutiveFailures: 1, reason: "reset" });
    assert.match(textOf(pageOf({ checks: { redis } })), /The last try failed: redis drops the connection\./);
  });

  test("one success that is not yet a recovery is told", () => {
    const redis = down({ consecutiveFailures: 0 });
    assert.match(textOf(pageOf({ checks: { redis } })), /It answers again; one more success in a row, and it is up\./);
  });
});

describe("what is not there is said in words", () => {
  const text = textOf(renderPage(healthReport({ checks: {}, circuitBreakers: [], history: [] }), extras()));
  for (const words of ["No checks are set up.", "There are no circuit breakers.", "Nothing has changed yet."]) {
    test(words, () => assert.ok(text.includes(words)));
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

  test("is told newest first, in words", () => {
    const history = [
      { at: ago(60), kind: "check", name: "postgres", from: "up", to: "down", reason: "timeout" },
      { at: ago(60), kind: "verdict", name: "ready", from: "ready", to: "not_ready", reason: "timeout" },
      { at: ago(59), kind: "breaker", name: "postgres", from: "closed", to: "open", reason: null },
      { at: ago(5), kind: "phase", name: "lifecycle", from: "ready", to: "draining", reason: null },
    ] as const;
    assert.deepEqual(rowsOf(pageOf({ history })), [
      "03:14:02 phase The instance began to shut down.",
      "03:13:08 breaker The breaker of postgres opened; calls are refused.",
      "03:13:07 verdict Out of rotation: a dependency does not answer (timeout).",
      "03:13:07 check postgres went down: it does not answer (timeout).",
    ]);
  });

  test("that is long is partly folded away, and says what it leaves out", () => {
    const page = pageOf({ history: longHistory(200) });
    assert.equal(rowsOf(page).length, 45);
    assert.match(textOf(page), /30 earlier .* 155 more, still earlier, are in the JSON form of this page\./);
  });
});

test("with six checks, ten minutes of samples and a long history, a page is below 60 kB and quick to make", () => {
  const names = ["postgres", "redis", "schema", "fleet", "photos", "mail"];
  const checks = Object.fromEntries(names.map((name) => [name, down({ critical: true })]));
  const circuitBreakers = names.map((name) => breaker({ name }));
  const flapping = samples({ failing: (ageMs) => ageMs % 26_000 < 4000 });
  const busy = healthReport({ status: "unhealthy", checks, circuitBreakers, history: longHistory(200) });
  const render = () => renderPage(busy, extras({ samples: () => flapping }));
  assert.ok(Buffer.byteLength(render()) < 60_000, `${Buffer.byteLength(render())} bytes`);
  const times = Array.from({ length: 200 }, () => {
    const startedAt = performance.now();
    render();
    return performance.now() - startedAt;
  });
  const median = times.toSorted((a, b) => a - b)[100] ?? 0;
  // It takes about one; the rest is for a machine that runs everything else at the same time.
  assert.ok(median < 10, `${median} ms`);
});
