import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { suite, test } from "node:test";
import { fileURLToPath } from "node:url";
import { without } from "../shared/programs.ts";
import { autoscaler } from "../support/kubernetes/autoscaler.ts";
import { render } from "../support/kubernetes/kustomize.ts";
import { configOf, havenPod, rollout } from "../support/kubernetes/pods.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const page = readFileSync(new URL("../../docs/kubernetes.md", import.meta.url), "utf8");

suite("docs/kubernetes.md", { skip: without("kubectl") }, () => {
  test("the table of timeouts matches the files", () => {
    const objects = render("base");
    const { drain, health } = configOf(objects);
    const { probes, minReadySeconds } = rollout(objects);
    const stated = [...page.matchAll(/^\| `([^`]+)`[^|]* \| (\d+) \|/gm)].map(([, name, value]) => [
      name,
      Number(value),
    ]);
    assert.deepEqual(stated, [
      ["HEALTH_CHECK_TIMEOUT", health.timeoutMs / 1000],
      ["readinessProbe.timeoutSeconds", probes.ready.timeoutSeconds],
      ["readinessProbe.periodSeconds", probes.ready.periodSeconds],
      ["livenessProbe.periodSeconds", probes.live.periodSeconds],
      ["startupProbe", probes.startup.periodSeconds * probes.startup.failureThreshold],
      ["DRAIN_DELAY_MS", drain.delayMs / 1000],
      ["DRAIN_LINGER_MS", drain.lingerMs / 1000],
      ["SHUTDOWN_TIMEOUT_MS", drain.timeoutMs / 1000],
      ["terminationGracePeriodSeconds", havenPod(objects).terminationGracePeriodSeconds],
      ["minReadySeconds", minReadySeconds],
    ]);
    const { postgres } = configOf(objects);
    assert.ok(page.includes(`there are ${autoscaler(objects).maxReplicas} pods`));
    assert.ok(page.includes(`(${postgres.poolMax} + 2) · 13`));
    assert.ok(page.includes(`; ${configOf(render("overlays/aws")).drain.delayMs / 1000} on AWS`));
  });

  test("every file that the page names exists", () => {
    const namedFiles = [...page.matchAll(/k8s\/[a-z0-9/.-]*[a-z]/g)].map(([name]) => name);
    assert.ok(namedFiles.length > 10);
    assert.deepEqual(
      namedFiles.filter((name) => !existsSync(`${root}${name}`)),
      [],
    );
  });
});
