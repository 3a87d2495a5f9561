import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { fileURLToPath } from "node:url";
import { kustomize } from "../../../../src/doctor/readers/kubernetes/kustomize.ts";
import { type Tree, text } from "../../../../src/doctor/readers/yaml-tree.ts";
import { createDiagnostics, filesOnDisk } from "../../../../src/doctor/source.ts";
import { allRendered, render } from "../../../support/kustomize.ts";
import { without } from "../../../support/programs.ts";
import { filesOf } from "../../support/diagnose.ts";

const root = fileURLToPath(new URL("../../../../", import.meta.url));

function plain(tree: Tree): unknown {
  if (tree.kind === "map") return Object.fromEntries([...tree.entries].map(([name, value]) => [name, plain(value)]));
  return tree.kind === "list" ? tree.items.map(plain) : tree.value;
}

suite("kustomizations as kubectl builds them", { skip: without("kubectl") }, () => {
  for (const name of allRendered) {
    test(`k8s/${name}: every object has the same spec and data`, () => {
      const diagnostics = createDiagnostics();
      const ours = kustomize(filesOnDisk(root), `k8s/${name}`, diagnostics);
      const clientControlled = render(name);
      assert.deepEqual(diagnostics.notes, []);
      assert.equal(ours.length, clientControlled.length);
      for (const object of clientControlled) {
        // A generated name ends in a hash, and so do the references to it.
        const own = object.metadata.name.replace(/-[a-z0-9]{10}$/, "");
        const found = ours.find(
          (one) =>
            text(one, "kind") === object.kind &&
            [object.metadata.name, own].includes(text(one, "metadata", "name") ?? ""),
        );
        assert.ok(found, `${object.kind} ${object.metadata.name}`);
        const unhashed: unknown = JSON.parse(
          JSON.stringify([object["spec"], object["data"]]).replaceAll(/(haven-api-config)-[a-z0-9]{10}/g, "$1"),
        );
        const { spec, data } = plain(found) as Record<string, unknown>;
        assert.deepEqual(JSON.parse(JSON.stringify([spec, data])), unhashed);
      }
    });
  }
});

const deployment =
  "kind: Deployment\nmetadata: { name: api }\nspec:\n  replicas: 2\n  template:\n    spec:\n      containers:\n        - { name: api, image: 'example/api:1' }\n        - { name: side, image: side }\n";

function built(kustomization: string, more: Readonly<Record<string, string>> = {}) {
  const diagnostics = createDiagnostics();
  const files = filesOf({ "app/kustomization.yaml": kustomization, "app/deployment.yaml": deployment, ...more });
  const objects = kustomize(files, "app", diagnostics);
  return {
    objects: objects.map(plain) as Record<string, Record<string, unknown>>[],
    notes: diagnostics.notes,
    trees: objects,
  };
}

suite("what a kustomization may say", () => {
  test("a patch by path, inside and as operations; deletes; the place is the patch's", () => {
    const { objects, trees, notes } = built(
      `resources: [deployment.yaml]
patches:
  - path: patch.yaml
  - patch: |-
      kind: Deployment
      metadata: { name: api }
      spec:
        minReadySeconds: 7
  - target: { kind: Deployment, name: a.* }
    patch: |-
      - { op: replace, path: /spec/replicas, value: 5 }
      - { op: add, path: /spec/template/spec/containers/0/env, value: [{ name: A, value: b }] }
`,
      {
        "app/patch.yaml":
          "kind: Deployment\nmetadata: { name: api }\nspec:\n  template:\n    spec:\n      containers:\n        - { name: side, $patch: delete }\n        - name: api\n          tty: true\n",
      },
    );
    assert.deepEqual(notes, []);
    assert.deepEqual(objects[0]?.["spec"], {
      replicas: 5,
      minReadySeconds: 7,
      template: {
        spec: { containers: [{ name: "api", image: "example/api:1", tty: true, env: [{ name: "A", value: "b" }] }] },
      },
    });
    const spec = trees[0]?.kind === "map" ? trees[0].entries.get("spec") : undefined;
    const wait = spec?.kind === "map" ? spec.entries.get("minReadySeconds") : undefined;
    assert.deepEqual(wait?.at, { file: "app/kustomization.yaml", line: 8 });
  });

  test("images, replicas, components and generated settings", () => {
    const { objects, notes } = built(
      "resources: [deployment.yaml]\ncomponents: [../part]\nimages: [{ name: example/api, newName: other/api, newTag: '2' }]\nreplicas: [{ name: api, count: 9 }]\nconfigMapGenerator:\n  - { name: c, envs: [app.env], literals: [B=2] }\n",
      {
        "part/kustomization.yaml": "patches: [{ path: p.yaml }]\n",
        "part/p.yaml": "kind: Deployment\nmetadata: { name: api }\nspec: { paused: true }\n",
        "app/app.env": "A=1\n",
      },
    );
    assert.deepEqual(notes, []);
    const [deployed, config] = objects;
    assert.equal(deployed?.["spec"]?.["replicas"], 9);
    assert.equal(deployed?.["spec"]?.["paused"], true);
    assert.match(JSON.stringify(deployed), /"image":"other\/api:2"/);
    assert.deepEqual(config?.["data"], { A: "1", B: "2" });
  });

  test("what is not followed is said", () => {
    const { notes } = built(
      "resources: [deployment.yaml, 'https://example.com/x.yaml']\nhelmCharts: [{ name: x }]\nreplacements: []\npatches: [{ path: deployment.yaml, target: { name: nobody } }]\n",
    );
    assert.deepEqual(
      notes.map(({ line, text: content }) => `${line} ${content}`),
      [
        "2 kustomize: helmCharts is not followed",
        "3 kustomize: replacements is not followed",
        "1 kustomize: https://example.com/x.yaml is somewhere else and was not read",
        "4 kustomize: this patch fits no object",
      ],
    );
  });
});
