import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { z } from "zod";
import { ask } from "../shared/requests/http.ts";
import { sameSecret } from "../shared/requests/people.ts";
import { startHaven } from "../support/haven.ts";
import { schemaErrorsOf } from "../support/kubernetes/kubernetes-schema-errors.ts";
import { parseObjects } from "../support/kubernetes/kustomize.ts";

const read = (name: string) => readFileSync(new URL(`../../k8s/${name}`, import.meta.url), "utf8");

const monitor = z.looseObject({
  spec: z.looseObject({
    endpoints: z.tuple([
      z.looseObject({
        path: z.string(),
        authorization: z.strictObject({ credentials: z.strictObject({ name: z.string(), key: z.string() }) }),
      }),
    ]),
  }),
});

test("when the last comment of the ServiceMonitor is uncommented, Prometheus sends OPS_TOKEN of the secret", async () => {
  const [all, comment = ""] =
    /# With OPS_TOKEN in the secret:\n((?: +# .*\n)+)$/.exec(read("monitoring/service-monitor.yaml")) ?? [];
  assert.ok(all);
  const uncommented = read("monitoring/service-monitor.yaml").replace(comment, comment.replaceAll("# ", ""));
  const [object] = parseObjects(uncommented);
  assert.ok(object);
  assert.deepEqual(schemaErrorsOf(object), []);
  const [{ path, authorization }] = monitor.parse(object).spec.endpoints;
  const [secret] = parseObjects(read("base/secret.yaml.template"));
  assert.equal(secret?.metadata.name, authorization.credentials.name);
  assert.ok(authorization.credentials.key in Object(secret["stringData"]));

  const OPS_TOKEN = "an-operators-token-of-this-test";
  const haven = await startHaven({ env: { ...sameSecret, MANAGEMENT_PORT: "0", OPS_TOKEN } });
  const url = `http://127.0.0.1:${haven.running.managementPort}${path}`;
  assert.equal((await ask(url)).status, 401);
  assert.equal((await ask(url, { headers: { Authorization: `Bearer ${OPS_TOKEN}` } })).status, 200);
});
