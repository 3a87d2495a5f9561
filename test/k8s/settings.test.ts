import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { suite, test } from "node:test";
import { z } from "zod";
import { isSettingName } from "../../src/config/files/secret-files.ts";
import { readConfig } from "../../src/config/read-config.ts";
import { ConfigError } from "../../src/config/setting-problems.ts";
import { version } from "../../src/core/identity.ts";
import { without } from "../shared/programs.ts";
import { autoscaler } from "../support/kubernetes/autoscaler.ts";
import { allRendered, type ClusterObject, overlays, parseObjects, render } from "../support/kubernetes/kustomize.ts";
import { configOf, environmentOf, havenPod, podsOf, rollout, secretFilesOf } from "../support/kubernetes/pods.ts";
import { probeKindOf } from "../support/probe-kinds.ts";

/** Settings of Node, not of Haven. */
const runtimeNames = new Set(["NODE_OPTIONS"]);

suite("settings in k8s/ and in the code", { skip: without("kubectl") }, () => {
  for (const name of allRendered) {
    test(`k8s/${name}: every variable is a setting, and the server starts with the settings`, () => {
      const objects = render(name);
      const pod = havenPod(objects);
      for (const variable of Object.keys(environmentOf(pod, objects)))
        assert.ok(isSettingName(variable) || runtimeNames.has(variable), variable);
      const config = configOf(objects);
      assert.ok(config.production);
      const ports = pod.container.ports.map(({ containerPort }) => containerPort);
      assert.deepEqual(ports, [config.http.port, config.http.managementPort]);
      const instance = pod.container.env.find((one) => one.name === "INSTANCE_ID");
      assert.deepEqual(instance?.valueFrom, { fieldRef: { fieldPath: "metadata.name" } });
    });

    test(`k8s/${name}: each probe requests a path for its purpose, on the port of the server`, () => {
      const objects = render(name);
      const config = configOf(objects);
      for (const [kind, { httpGet, timeoutSeconds, periodSeconds }] of Object.entries(rollout(objects).probes)) {
        assert.equal(probeKindOf(httpGet.path, config.health.paths), kind);
        assert.equal(portOf(objects, httpGet.port), config.http.port);
        // dependency timeout < prober timeout < interval
        assert.ok(config.health.timeoutMs < timeoutSeconds * 1000 && timeoutSeconds < periodSeconds, kind);
      }
    });

    test(`k8s/${name}: the image and the migration have this version`, () => {
      const objects = render(name);
      const job = podsOf(objects).find((pod) => pod.name === `haven-api-migrate-${version.replaceAll(".", "-")}`);
      assert.deepEqual(job?.container.command, ["node", "dist/main.js", "migrate", "--grant-to", "haven_app"]);
      assert.deepEqual(
        job.container.env.map((one) => one.name),
        ["NODE_ENV", "DATABASE_URL_FILE"],
      );
      // Serving pods do not have the credentials of the owner of the database.
      assert.deepEqual(secretFilesOf(job), {
        DATABASE_URL: { secret: "haven-api-migrate-secret", key: "DATABASE_URL" },
      });
      const served = Object.entries(secretFilesOf(havenPod(objects)));
      for (const [name, from] of served) assert.deepEqual(from, { secret: "haven-api-secret", key: name });
      for (const { container } of [havenPod(objects), job]) assert.equal(container.image, `haven-api:${version}`);
    });
  }

  // In a local cluster the address of the gateway is known.
  for (const name of overlays.filter((overlay) => overlay !== "overlays/local")) {
    test(`k8s/${name}: Haven refuses to start until TRUST_PROXY names the gateway`, () => {
      const [config] = render(name).filter(({ kind }) => kind === "ConfigMap");
      const { TRUST_PROXY } = z.record(z.string(), z.string()).parse(config?.["data"]);
      assert.throws(
        () => readConfig({ ...environmentOf(havenPod(render(name)), render(name)), TRUST_PROXY }),
        (error: unknown) =>
          error instanceof ConfigError &&
          error.problems.length === 1 &&
          /^TRUST_PROXY is the placeholder of an example file/.test(error.message),
      );
    });
  }

  test("in production READY_POLICY is outlier, and the minimum fleet is large enough for it", () => {
    const objects = render("overlays/production");
    assert.equal(configOf(objects).health.policy, "outlier");
    assert.ok(autoscaler(objects).minReplicas >= 3);
  });

  test("the template of the secret contains the variables that the pods read", () => {
    const [secret] = parseObjects(
      readFileSync(new URL("../../k8s/base/secret.yaml.template", import.meta.url), "utf8"),
    );
    const files = secretFilesOf(havenPod(render("base")));
    const keys = Object.keys(Object(secret?.["stringData"]));
    // The server does not start while a file is missing.
    assert.deepEqual(Object.keys(files).sort(), [...keys].sort());
    for (const file of Object.values(files)) assert.equal(file.secret, secret?.metadata.name);
    for (const needed of ["DATABASE_URL", "REDIS_URL", "JWT_SECRET"]) assert.ok(keys.includes(needed));
  });
});

const portOf = (objects: readonly ClusterObject[], port: string | number): number | undefined =>
  typeof port === "number" ? port : havenPod(objects).container.ports.find(({ name }) => name === port)?.containerPort;
