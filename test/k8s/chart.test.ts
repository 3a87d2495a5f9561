import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { suite, test } from "node:test";
import { parse } from "yaml";
import { z } from "zod";
import { skipWithoutGoProgram } from "../shared/go-program.ts";
import { without } from "../shared/programs.ts";
import { runProgram } from "../shared/run-program.ts";
import { chart, helm, refusalOf, renderChart, renderChartText, runHelm } from "../support/kubernetes/helm.ts";
import { schemaErrorsOf } from "../support/kubernetes/kubernetes-schema-errors.ts";
import { type ClusterObject, render } from "../support/kubernetes/kustomize.ts";
import { find } from "../support/kubernetes/pods.ts";

const everything = [
  "ingress.enabled=true",
  "httpRoute.enabled=true",
  "serviceMonitor.enabled=true",
  "spreadOverNodes=true",
  "priorityClassName=haven-api",
];

suite("the Helm chart", { skip: without("kubectl") || skipWithoutGoProgram(helm).skip }, () => {
  test("renders the objects of k8s/base", async () => {
    const chartObjects = byName(await renderChart());
    const baseObjects = byName(render("base").filter(({ kind }) => kind !== "Namespace"));
    assert.ok(baseObjects.size >= 12, `${baseObjects.size} objects`);
    assert.deepEqual([...chartObjects.keys()].sort(), [...baseObjects.keys()].sort());
    for (const [name, object] of baseObjects) assert.deepEqual(chartObjects.get(name), object, name);
  });

  test("renders the entry points, the scrape configuration and the placement of pods of the overlays", async () => {
    const objects = await renderChart({
      values: [...everything, "ingress.annotations.cert-manager\\.io/cluster-issuer=letsencrypt-prod"],
    });
    const chartObjects = byName(objects);
    const production = byName(render("overlays/production"));
    for (const name of ["HTTPRoute haven-api", "HTTPRoute haven-api-to-https", "ServiceMonitor haven-api"])
      assert.deepEqual(chartObjects.get(name), production.get(name), name);
    assert.deepEqual(
      chartObjects.get("Deployment haven-api-deployment"),
      production.get("Deployment haven-api-deployment"),
    );
    assert.deepEqual(
      chartObjects.get("Ingress haven-api"),
      byName(render("overlays/ingress")).get("Ingress haven-api"),
    );
  });

  test("each object matches the schema of its kind, and is in the namespace of the release", async () => {
    for (const object of await renderChart({ values: everything }))
      assert.deepEqual(schemaErrorsOf(object), [], `${object.kind} ${object.metadata.name}`);
  });

  test("the doctor reports no finding for the rendered objects", async () => {
    const { code, output } = await runProgram(process.execPath, ["src/main.ts", "doctor", "--k8s", "-", "--json"], {
      input: await renderChartText({ values: everything }),
    });
    assert.deepEqual(z.looseObject({ findings: z.array(z.unknown()) }).parse(JSON.parse(output)).findings, []);
    assert.equal(code, 0, output);
  });

  test("helm lint reports no problem", async () => {
    const { code, output } = await runHelm("lint", "--strict", chart, "--set", "trustProxy=10.244.0.0/16");
    assert.equal(code, 0, output);
    assert.doesNotMatch(output, /WARNING|ERROR/);
  });

  test("two releases in one namespace have no object in common, and select only their own pods", async () => {
    const objects = await Promise.all(
      ["first", "second"].map((release) => renderChart({ release, values: everything })),
    );
    const [first = [], second = []] = objects.map((all) => all.map(({ kind, metadata }) => `${kind} ${metadata.name}`));
    assert.deepEqual(
      first.filter((name) => second.includes(name)),
      [],
    );
    const selectors = JSON.stringify(objects[0]?.filter(({ kind }) => kind !== "Namespace"));
    assert.doesNotMatch(selectors, /"podSelector":\{\}/);
  });

  test("a changed setting restarts the pods, and the same settings do not", async () => {
    const checksum = async (...values: string[]) => {
      const deployment = find(await renderChart({ values }), "Deployment", "haven-api-deployment");
      return /"checksum\/settings":"(\w+)"/.exec(JSON.stringify(deployment))?.[1];
    };
    assert.ok(await checksum());
    assert.equal(await checksum("image.tag=0.2.0"), await checksum("image.tag=0.2.0"));
    assert.notEqual(await checksum("settings.LOG_LEVEL=debug"), await checksum());
  });

  test("the image can have another address, tag and digest", async () => {
    const digest = `sha256:${"0".repeat(64)}`;
    const values = ["image.repository=registry.example.com/api", "image.tag=1.2.3", `image.digest=${digest}`];
    const objects = await renderChart({ values });
    const images = [...JSON.stringify(objects).matchAll(/"image":"([^"]+)"/g)].map(([, image]) => image);
    assert.deepEqual(images, Array(2).fill(`registry.example.com/api:1.2.3@${digest}`));
  });

  for (const [title, value, expected] of [
    ["no range of the gateway", "trustProxy=", /trustProxy/],
    ["a misspelt value", "autoscalr.minReplicas=3", /autoscalr/],
    ["a misspelt inner value", "ingress.enable=true", /enable/],
    ["a setting that is a number", "settings.STREAM_MAX=100", /STREAM_MAX/],
    ["TRUST_PROXY in the settings", "settings.TRUST_PROXY=loopback", /TRUST_PROXY/],
    ["zero pods", "autoscaler.maxReplicas=0", /maxReplicas/],
    ["an invalid digest", "image.digest=latest", /digest/],
    ["an invalid range", "networkPolicies.redis.ranges={everywhere}", /ranges/],
  ] as const) {
    test(`refuses ${title}, and the message names the value`, async () =>
      assert.match(await refusalOf([value]), expected));
  }

  test("has the version of package.json", () => {
    const versions = z.object({ version: z.string(), appVersion: z.string() });
    const { version, appVersion } = versions.parse(
      parse(readFileSync(new URL("Chart.yaml", `file://${chart}`), "utf8")),
    );
    const own = z.object({ version: z.string() }).parse(JSON.parse(readFileSync("package.json", "utf8")));
    assert.deepEqual([version, appVersion], [own.version, own.version]);
  });
});

/** Returns the objects by kind and name, without the intended differences between a chart and a kustomization. */
function byName(objects: readonly ClusterObject[]): Map<string, unknown> {
  return new Map(
    objects.map((object) => {
      const text = JSON.stringify(object)
        // Labels of the tools, and names with a hash or a number that a new release changes.
        .replace(/"app\.kubernetes\.io\/(?:name|version|managed-by)":"[^"]*",?/g, "")
        .replace(/("haven-api-config)-\w+"/g, '$1"')
        .replace(/"haven-api-migrate-[\w-]+"/g, (name) =>
          name === '"haven-api-migrate-secret"' ? name : '"haven-api-migrate"',
        )
        .replace(/"annotations":\{"checksum\/settings":"\w+"\},?/g, "")
        .replace(/"imagePullPolicy":"IfNotPresent",?/g, "")
        // The chart may share a namespace with other software, so its policies name and select the pods of the release.
        .replace(/"haven-api-(allow-\w+|deny-by-default)"/g, '"$1"')
        .replace(
          /"podSelector":\{(?:"matchLabels":\{"app\.kubernetes\.io\/(?:part-of|instance)":"[\w-]+"\})?\}/g,
          '"podSelector":"all"',
        )
        .replace(/"app\.kubernetes\.io\/instance":"[^"]*",?/g, "")
        .replace(/,\}/g, "}");
      const {
        labels = {},
        namespace: _,
        ...metadata
      } = z
        .looseObject({ labels: z.record(z.string(), z.string()).optional(), namespace: z.string().optional() })
        .parse(JSON.parse(text).metadata);
      const { "app.kubernetes.io/part-of": __, ...own } = labels;
      return [`${object.kind} ${metadata["name"]}`, { ...JSON.parse(text), metadata: { ...metadata, labels: own } }];
    }),
  );
}
