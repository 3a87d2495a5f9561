import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "../../shared/eventually.ts";
import { ask } from "../../shared/requests/http.ts";
import { serverStates } from "../../shared/servers/proxies.ts";
import { failuresOf, startLoad, summary } from "../support/edge-load.ts";
import { breakPaths, outOfHaproxyWithinMs, type PathMember, watchVerdicts } from "../support/path-fleet.ts";

/** Registers the tests in which one instance loses its connection to Postgres: only that instance leaves the rotation. */
export function onePathCases(members: () => readonly PathMember[]): void {
  for (const fault of ["refuse", "hole", "freeze"] as const) {
    test(`an instance whose connection to Postgres fails (${fault}) leaves the rotation in time; the other instances stay, and no later request fails`, async () => {
      const all = members();
      const victim = all[1];
      assert.ok(victim !== undefined);
      const load = startLoad({ users: 20, get: "/test/sql/1", post: "/test/busy/5" });
      const watch = watchVerdicts(all.filter((member) => member !== victim));
      await sleep(1000);
      await breakPaths([victim], ["database"], fault);
      const lostAt = performance.now();
      const state = async () => (await serverStates())[victim.name]?.status;
      await eventually(state, (status) => status === "DOWN", outOfHaproxyWithinMs + 3000, 50);
      const outAt = performance.now();
      const alive = await ask(`${victim.url}/alive`);
      await sleep(2500);
      const sent = await load.stop();
      const others = await watch.stop();
      process.stderr.write(
        `${fault}: out of HAProxy after ${Math.round(outAt - lostAt)} ms; ${summary(sent)}, all failures before that time\n`,
      );
      assert.ok(outAt - lostAt <= outOfHaproxyWithinMs, `${outAt - lostAt} ms`);
      assert.equal(alive.status, 200);
      assert.deepEqual(
        failuresOf(sent).filter(({ startedAt }) => startedAt > outAt),
        [],
      );
      assert.deepEqual(
        failuresOf(sent).filter(({ startedAt, ms }) => startedAt + ms < lostAt),
        [],
      );
      for (const [name, states] of others)
        assert.deepEqual([name, states.map(({ state }) => state)], [name, ["ready"]]);
    });
  }
}
