import assert from "node:assert/strict";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { suite, test } from "node:test";
import { atEnd } from "../../shared/at-end.ts";
import { startHaven } from "../../support/haven.ts";
import { doctor, report } from "../support/command-line.ts";

suite("--live", () => {
  test("a running instance that matches its settings has no findings", async () => {
    const haven = await startHaven();
    const { code, output } = await doctor(tmpdir(), ["--live", haven.url, "--json"]);
    const { findings, notUnderstood } = report.parse(JSON.parse(output));
    // Checks may be slow while other tests keep the machine busy.
    assert.deepEqual(
      findings.filter(({ rule }) => rule !== "deadline-check-slow-live"),
      [],
    );
    assert.deepEqual(notUnderstood, []);
    assert.equal(code, 0);
  });

  test("a running instance with other settings is reported, and OPS_TOKEN is sent", async () => {
    const haven = await startHaven({ env: { OPS_TOKEN: "a-token-of-the-operators", KEEP_ALIVE_TIMEOUT_MS: "5000" } });
    const env = { OPS_TOKEN: "a-token-of-the-operators" };
    const { output } = await doctor(tmpdir(), ["--live", haven.url, "--json"], env);
    assert.ok(
      report.parse(JSON.parse(output)).findings.some(({ rule }) => rule === "keep-alive-differs-live"),
      output,
    );
    const without = await doctor(tmpdir(), ["--live", haven.url]);
    assert.match(without.output, /set OPS_TOKEN\s+in\s+the\s+environment/);
    assert.equal(without.code, 2);
  });

  test("an unreachable address, and a server other than Haven, are reported in one sentence", async () => {
    const server = createServer((_request, response) => response.end("<html>")).listen(0, "127.0.0.1");
    atEnd(() => new Promise((done) => server.close(done)));
    await new Promise((listening) => server.once("listening", listening));
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    for (const [url, sentence] of [
      [`http://127.0.0.1:${port}`, /no health report of Haven/],
      ["http://127.0.0.1:1", /cannot be reached/],
      ["ftp://x", /is not a URL/],
    ] as const) {
      const { code, output } = await doctor(tmpdir(), ["--live", url]);
      assert.match(output, sentence);
      assert.equal(code, 2);
    }
  });
});
