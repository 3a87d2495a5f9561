import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";
import { pageHeaders } from "../../../src/kit/status-page/document.ts";
import { renderPage, renderPublicPage } from "../../../src/kit/status-page/page.ts";
import { ago, breaker, down, extras, healthReport } from "./support/health-reports.ts";

describe("hostile data", () => {
  const hostile = `<img src=x onerror=alert(1)>"'&</title></script><script>alert(2)</script>`;
  const name = hostile;
  const entry = { at: hostile, kind: "check", name, from: hostile, to: hostile, reason: null } as const;
  const pages = {
    full: renderPage(
      healthReport({
        service: hostile,
        instance: hostile,
        version: hostile,
        since: hostile,
        status: "unhealthy",
        checks: { [name]: down({ since: hostile, lastFailureAt: hostile }) },
        circuitBreakers: [
          breaker({ name, state: "open", since: hostile, nextAttemptAt: hostile, stats: { [name]: 1 } }),
          breaker({ name: `${name}2` }),
        ],
        system: { ...healthReport().system, handles: { [name]: 1 } },
        history: [entry, { ...entry, at: ago(1) }],
      }),
      extras(),
    ),
    public: renderPublicPage({ status: "healthy", instance: hostile, timestamp: hostile }),
  };
  for (const [kind, page] of Object.entries(pages)) {
    test(`is shown as text on the ${kind} page`, () => {
      assert.ok(page.includes("&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;"));
      assert.ok(!page.includes("<img"));
      assert.equal(page.match(/<script/g)?.length, 1);
      assert.equal(page.match(/<\/title><meta/g)?.length, 1);
    });
  }

  test("does not prevent the rendering of a page", () => {
    const names = ["constructor", "\0", "\ud800", "__proto__", "a".repeat(10_000), ""];
    for (const odd of names) {
      const history = [{ at: odd, kind: "check", name: odd, from: odd, to: odd, reason: null }] as const;
      assert.match(
        renderPage(healthReport({ checks: { [odd]: down() }, instance: odd, history }), extras()),
        /<\/html>$/,
      );
    }
  });
});

describe("the Content-Security-Policy", () => {
  const policy = pageHeaders["Content-Security-Policy"] ?? "";
  const hashOf = (block: string) => `'sha256-${createHash("sha256").update(block).digest("base64")}'`;
  const pages = [
    renderPage(healthReport(), extras()),
    renderPublicPage({ status: "degraded", instance: "a", timestamp: ago(0) }),
  ];

  test("allows only the script and the style of the pages, by their hashes", () => {
    for (const page of pages) {
      const [style = ""] = [...page.matchAll(/<style>(.*?)<\/style>/gs)].map(([, block = ""]) => hashOf(block));
      const [script = ""] = [...page.matchAll(/<script>(.*?)<\/script>/gs)].map(([, block = ""]) => hashOf(block));
      assert.equal(
        policy,
        `default-src 'none'; script-src ${script}; style-src ${style}; img-src data:; connect-src 'self'; ` +
          "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      );
    }
  });

  test("blocks nothing on the pages", () => {
    for (const page of pages) {
      const markup = page.replaceAll(/<(script|style)>.*?<\/\1>/gs, "");
      assert.doesNotMatch(markup, /<[^>]*\s(style|on\w+|src|action|srcset)=/);
      assert.doesNotMatch(markup, /https?:/);
    }
  });
});
