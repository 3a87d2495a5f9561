import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, suite, test } from "node:test";
import { z } from "zod";
import { cleanUp } from "../shared/at-end.ts";
import { eventually } from "../shared/eventually.ts";
import { skipWithoutGoProgram } from "../shared/go-program.ts";
import { helm, renderChart } from "../support/kubernetes/helm.ts";
import { allRendered, type ClusterObject, parseObjects, render } from "../support/kubernetes/kustomize.ts";
import { find } from "../support/kubernetes/pods.ts";
import type { ApiClient, Item } from "./api-client.ts";
import { startControlPlane } from "./control-plane.ts";
import { startNodes } from "./nodes.ts";
import { definitionFiles } from "./programs.ts";

// A real Kubernetes API server with the real controllers and scheduler. The nodes report what a kubelet would report;
// no container runs.

const nodes = ["node-1", "node-2", "node-3", "node-4"];
const pods = "/api/v1/namespaces/haven/pods";
const deployment = "/apis/apps/v1/namespaces/haven/deployments/haven-api-deployment";
const workloads = ["Deployment", "StatefulSet", "Job"];
const rolloutMs = 240_000;

let api: ApiClient;

before(async () => {
  api = await startControlPlane();
  await startNodes(api, nodes);
  for (const file of definitionFiles()) await applyAll(parseObjects(readFileSync(file, "utf8")));
  await eventually(
    () => api.get("/apis/monitoring.coreos.com/v1/prometheusrules"),
    ({ status }) => status === 200,
    30_000,
    200,
  );
  await applyAll(render("base").filter(({ kind }) => kind === "Namespace" || kind === "ServiceAccount"));
  await eventually(
    () => api.get("/api/v1/namespaces/haven/serviceaccounts/default"),
    ({ status }) => status === 200,
    30_000,
    200,
  );
});
after(cleanUp);

async function applyAll(objects: readonly ClusterObject[], options?: { dryRun: boolean }): Promise<void> {
  for (const object of objects) {
    const { status, body } = await api.apply(object, options);
    assert.ok(status === 200 || status === 201, `${object.kind} ${object.metadata.name}: ${status} ${body}`);
  }
}

suite("the Kubernetes API server accepts", () => {
  for (const name of allRendered) {
    test(`every object of k8s/${name}`, () => applyAll(render(name), { dryRun: true }));

    test(`every pod of k8s/${name} under the standard "restricted"`, async () => {
      const templates = render(name).filter(({ kind }) => workloads.includes(kind));
      assert.ok(templates.length >= 2);
      for (const object of templates) {
        const { status, body } = await api.post(`${pods}?dryRun=All&fieldValidation=Strict`, podOf(object));
        assert.equal(status, 201, `${object.metadata.name}: ${body}`);
      }
    });
  }
});

suite("the Kubernetes API server accepts the Helm chart", skipWithoutGoProgram(helm), () => {
  test("every object, with every part enabled", async () => {
    const values = ["ingress.enabled=true", "httpRoute.enabled=true", "serviceMonitor.enabled=true"];
    const objects = await renderChart({ values });
    await applyAll(
      objects.map((object) => ({ ...object, metadata: { namespace: "haven", ...object.metadata } })),
      { dryRun: true },
    );
  });
});

suite("the Kubernetes API server refuses", () => {
  const template = () => podOf(find(render("base"), "Deployment", "haven-api-deployment"));

  for (const [title, change, reason] of [
    ["a pod that may raise its privileges", { allowPrivilegeEscalation: true }, /violates PodSecurity/],
    ["a pod that runs as root", { runAsUser: 0 }, /violates PodSecurity/],
    [
      "a pod with further capabilities",
      { capabilities: { add: ["SYS_ADMIN"], drop: ["ALL"] } },
      /violates PodSecurity/,
    ],
  ] as const) {
    test(title, async () => {
      const pod = structuredClone(template());
      Object.assign(pod.spec.containers[0].securityContext, change);
      const { status, body } = await api.post(`${pods}?dryRun=All`, pod);
      assert.equal(status, 403, body);
      assert.match(body, reason);
    });
  }

  test("an object with a misspelt field", async () => {
    const object = structuredClone(find(render("base"), "PodDisruptionBudget", "haven-api-pdb"));
    Object.assign(Object(object["spec"]), { maxUnavailabel: 1 });
    const { status, body } = await api.apply(object, { dryRun: true });
    assert.notEqual(status, 200);
    assert.match(body, /maxUnavailabel/);
  });

  test("a route with an invalid port", async () => {
    const object = find(render("overlays/production"), "HTTPRoute", "haven-api");
    const broken = JSON.parse(JSON.stringify(object).replace('"port":80', '"port":800000'));
    assert.equal((await api.apply(broken, { dryRun: true })).status, 422);
  });
});

suite("in the cluster", () => {
  before(async () => {
    await applyAll(render("overlays/production"));
    await waitForPods(3);
  });

  test("three pods run on three nodes, and the migration has succeeded", async () => {
    const running = await podsOfHaven();
    assert.equal(new Set(running.map(nodeOf)).size, 3);
    const [job] = await api.list("/apis/batch/v1/namespaces/haven/jobs");
    assert.equal(job?.status["succeeded"], 1);
  });

  test("a new image replaces the pods one by one, and three pods stay ready", async () => {
    const image = "haven-api:0.2.0";
    const object = structuredClone(find(render("overlays/production"), "Deployment", "haven-api-deployment"));
    const changed: ClusterObject = JSON.parse(
      JSON.stringify(object).replace(/"image":"haven-api:[^"]+"/, `"image":"${image}"`),
    );
    await applyAll([changed]);
    let minReady = Number.POSITIVE_INFINITY;
    let maxPods = 0;
    await eventually(
      async () => {
        const all = await podsOfHaven();
        const ready = all.filter((pod) => isReady(pod) && pod.metadata.deletionTimestamp === undefined);
        minReady = Math.min(minReady, ready.length);
        maxPods = Math.max(maxPods, all.filter((pod) => pod.metadata.deletionTimestamp === undefined).length);
        return ready.length === 3 && ready.every((pod) => JSON.stringify(pod.spec).includes(image));
      },
      Boolean,
      rolloutMs,
      250,
    );
    assert.equal(minReady, 3);
    assert.equal(maxPods, 4, "at most one additional pod");
    await waitForPods(3);
  });

  test("a drain of two nodes at once evicts one pod at a time", async () => {
    const [first, second] = await podsOfHaven();
    assert.ok(first && second);
    assert.equal(await evict(first), 201);
    assert.equal(await evict(second), 429, "the disruption budget allows one at a time");
    // The replacement of the first pod has to be ready before the second pod may be evicted.
    await eventually(
      () => evict(second),
      (status) => status === 201,
      rolloutMs,
      1000,
    );
    await waitForPods(3);
  });

  test("the autoscaler finds the Deployment, and scales it within the limits", async () => {
    const path = "/apis/autoscaling/v2/namespaces/haven/horizontalpodautoscalers/haven-api-hpa";
    const condition = z.object({ type: z.string(), status: z.string() });
    const status = z.looseObject({
      conditions: z.array(condition).default([]),
      currentReplicas: z.number().optional(),
    });
    const current = await eventually(
      async () => status.parse(z.looseObject({ status }).parse(JSON.parse((await api.get(path)).body)).status),
      ({ conditions }) => conditions.some(({ type }) => type === "AbleToScale"),
      60_000,
      500,
    );
    assert.equal(current.conditions.find(({ type }) => type === "AbleToScale")?.status, "True");
    await api.merge(deployment, { spec: { replicas: 1 } });
    await waitForPods(3);
  });
});

const podTemplate = z.looseObject({
  spec: z.looseObject({
    volumeClaimTemplates: z.array(z.looseObject({ metadata: z.object({ name: z.string() }) })).default([]),
    template: z.looseObject({
      metadata: z.looseObject({}),
      spec: z.looseObject({
        containers: z.tuple([z.looseObject({ securityContext: z.looseObject({}) })]),
        priorityClassName: z.string().optional(),
        volumes: z.array(z.unknown()).default([]),
      }),
    }),
  }),
});

/** Returns a pod made from the template of a workload. */
function podOf(object: ClusterObject) {
  const { template, volumeClaimTemplates } = podTemplate.parse(object).spec;
  const { metadata, spec } = template;
  // The class exists only after the production overlay has been applied.
  const { priorityClassName: _, volumes, ...others } = spec;
  const claims = volumeClaimTemplates.map((claim) => ({ name: claim.metadata.name, emptyDir: {} }));
  const rest = { ...others, volumes: [...volumes, ...claims] };
  const name = `${object.metadata.name}-pod`;
  return { apiVersion: "v1", kind: "Pod", metadata: { ...metadata, name, namespace: "haven" }, spec: rest };
}

const podsOfHaven = () => api.list(`${pods}?labelSelector=app%3Dhaven-api`);

const nodeOf = (pod: Item): unknown => pod.spec["nodeName"];

const conditions = z.looseObject({
  conditions: z.array(z.object({ type: z.string(), status: z.string() })).default([]),
});
const isReady = ({ status }: Item): boolean =>
  conditions.parse(status).conditions.some((one) => one.type === "Ready" && one.status === "True");

async function evict({ metadata }: Item): Promise<number> {
  const eviction = { apiVersion: "policy/v1", kind: "Eviction", metadata: { name: metadata.name, namespace: "haven" } };
  return (await api.post(`${pods}/${metadata.name}/eviction`, eviction)).status;
}

/** Waits until exactly this number of pods exists, and all of them have been ready for minReadySeconds. */
async function waitForPods(count: number): Promise<void> {
  const available = z.looseObject({ status: z.looseObject({ availableReplicas: z.number().default(0) }) });
  await eventually(
    async () => {
      const { status } = available.parse(JSON.parse((await api.get(deployment)).body));
      return [status.availableReplicas, (await podsOfHaven()).length];
    },
    ([ready, all]) => ready === count && all === count,
    rolloutMs,
    500,
  );
}
