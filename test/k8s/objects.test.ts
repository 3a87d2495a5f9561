import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { suite, test } from "node:test";
import { without } from "../shared/programs.ts";
import { schemaErrorsOf } from "../support/kubernetes/kubernetes-schema-errors.ts";
import { allRendered, type ClusterObject, parseObjects, render } from "../support/kubernetes/kustomize.ts";

const template = parseObjects(readFileSync(new URL("../../k8s/base/secret.yaml.template", import.meta.url), "utf8"));

suite("objects for a cluster", { skip: without("kubectl") }, () => {
  for (const name of allRendered) {
    test(`k8s/${name}: each object matches the schema of its kind, and has no unknown fields`, () => {
      const objects = render(name);
      assert.ok(objects.length > 10);
      for (const object of objects)
        assert.deepEqual(schemaErrorsOf(object), [], `${object.kind} ${object.metadata.name}`);
    });
  }

  test("the template of the secret is valid and empty, and no overlay includes it", () => {
    for (const object of template) assert.deepEqual(schemaErrorsOf(object), []);
    assert.deepEqual([...new Set(Object.values(Object(template[0]?.["stringData"])))], [""]);
    for (const name of allRendered)
      assert.deepEqual(
        render(name).filter(({ kind }) => kind === "Secret"),
        [],
      );
  });

  test("the schema check finds a typo in any field of any object", () => {
    let checkedFields = 0;
    for (const object of new Set(allRendered.flatMap(render).concat(template))) {
      for (const path of fieldsOf(object)) {
        const broken = structuredClone(object);
        misspellField(broken, path);
        assert.notDeepEqual(
          schemaErrorsOf(broken),
          [],
          `${object.kind} ${object.metadata.name} with a typo in ${path.join(".")}`,
        );
        checkedFields += 1;
      }
    }
    assert.ok(checkedFields > 1000, `${checkedFields} fields`);
  });

  for (const [kind, ...path] of [
    ["Deployment", "spec", "selector"],
    ["Deployment", "spec", "template", "spec", "containers"],
    ["Deployment", "spec", "template", "spec", "containers", "0", "name"],
    ["Deployment", "spec", "template", "spec", "containers", "0", "readinessProbe", "httpGet", "port"],
    ["Deployment", "spec", "template", "spec", "topologySpreadConstraints", "0", "whenUnsatisfiable"],
    ["HorizontalPodAutoscaler", "spec", "maxReplicas"],
    ["HorizontalPodAutoscaler", "spec", "metrics", "0", "resource", "target", "type"],
    ["HTTPRoute", "spec", "rules", "0", "backendRefs", "0", "name"],
    ["HTTPRoute", "spec", "parentRefs", "0", "name"],
    ["Ingress", "spec", "rules", "0", "http", "paths", "0", "pathType"],
    ["Job", "spec", "template"],
    ["NetworkPolicy", "spec", "egress", "0", "to", "0", "ipBlock", "cidr"],
    ["Service", "spec", "ports", "0", "port"],
    ["ServiceMonitor", "spec", "selector"],
    ["StatefulSet", "spec", "selector"],
  ] as const) {
    test(`the schema check finds a ${kind} without ${path.join(".")}`, () => {
      const all = allRendered.flatMap(render).filter((object) => object.kind === kind);
      const broken = structuredClone(all.find((object) => valueAt(object, path) !== undefined));
      assert.ok(broken);
      assert.ok(Reflect.deleteProperty(Object(valueAt(broken, path.slice(0, -1))), path.at(-1) ?? ""));
      assert.notDeepEqual(schemaErrorsOf(broken), []);
    });
  }

  test("the schema check finds a wrong type and an unknown kind", () => {
    const [object] = render("base").filter(({ kind }) => kind === "PodDisruptionBudget");
    assert.ok(object);
    assert.notDeepEqual(schemaErrorsOf(Object.assign(structuredClone(object), { spec: { maxUnavailable: true } })), []);
    assert.notDeepEqual(schemaErrorsOf({ ...object, apiVersion: "policy/v1beta1" }), []);
  });
});

/** Fields with user-defined keys. */
const withUserKeys = new Set([
  "annotations",
  "data",
  "labels",
  "limits",
  "matchLabels",
  "requests",
  "selector",
  "stringData",
]);

function fieldsOf(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const here = [...path, key];
    const isUserKey = Array.isArray(value) || withUserKeys.has(path.at(-1) ?? "");
    return [...(isUserKey && key !== "matchLabels" ? [] : [here]), ...fieldsOf(inner, here)];
  });
}

const valueAt = (object: unknown, path: readonly string[]): unknown =>
  path.reduce<unknown>((value, key) => (value === undefined ? undefined : Reflect.get(Object(value), key)), object);

function misspellField(object: ClusterObject, path: readonly string[]): void {
  const parent: object = Object(valueAt(object, path.slice(0, -1)));
  const key = path.at(-1) ?? "";
  Reflect.set(parent, `${key}x`, Reflect.get(parent, key));
  Reflect.deleteProperty(parent, key);
}
