import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { z } from "zod";
import { without } from "../shared/programs.ts";
import { autoscaler } from "../support/kubernetes/autoscaler.ts";
import { allRendered, render } from "../support/kubernetes/kustomize.ts";
import { configOf, find, havenPod, rollout } from "../support/kubernetes/pods.ts";

suite("timeouts and capacities", { skip: without("kubectl") }, () => {
  for (const name of allRendered) {
    test(`k8s/${name}: the timeouts are consistent`, () => {
      const objects = render(name);
      const { drain, http, postgres } = configOf(objects);
      const { probes, progressDeadlineSeconds, maxSurge, maxUnavailable } = rollout(objects);
      const graceMs = havenPod(objects).terminationGracePeriodSeconds * 1000;
      assert.ok(graceMs >= drain.delayMs + http.requestTimeoutMs + drain.lingerMs + 5000);
      assert.ok(graceMs >= drain.delayMs + drain.timeoutMs + 5000);
      // In a slow case it takes 15 s until no proxy sends new connections to a draining pod.
      assert.ok(drain.delayMs >= 15_000);
      const startupMs = probes.startup.periodSeconds * probes.startup.failureThreshold * 1000;
      assert.ok(startupMs > postgres.migrationTimeoutMs);
      assert.ok(progressDeadlineSeconds * 1000 > startupMs);
      const { spec } = z
        .looseObject({ spec: z.looseObject({ activeDeadlineSeconds: z.number() }) })
        .parse(find(objects, "Job", /^haven-api-migrate-/));
      assert.ok(spec.activeDeadlineSeconds * 1000 > postgres.migrationTimeoutMs);
      assert.deepEqual({ maxSurge, maxUnavailable }, { maxSurge: 1, maxUnavailable: 0 });
    });

    test(`k8s/${name}: Postgres has connections for the maximum number of pods`, () => {
      const objects = render(name);
      const { drain, postgres } = configOf(objects);
      const { maxSurge, minReadySeconds } = rollout(objects);
      const { minReplicas, maxReplicas, scaleDown } = autoscaler(objects);
      const leaving = Math.ceil((drain.delayMs + drain.timeoutMs) / 1000 / minReadySeconds);
      const [healthCheck, migration, people, reserved, allowed] = [2, 1, 5, 3, 100];
      const pods = maxReplicas + maxSurge + leaving;
      assert.ok((postgres.poolMax + healthCheck) * pods + migration + people <= allowed - reserved, `${pods} pods`);
      assert.ok(minReplicas >= 2);
      assert.deepEqual(
        scaleDown.policies.map(({ type, value }) => ({ type, value })),
        [{ type: "Pods", value: 1 }],
      );
      assert.ok(
        scaleDown.policies.every(({ periodSeconds }) => periodSeconds * 1000 > drain.delayMs + drain.timeoutMs),
      );
    });
  }
});
