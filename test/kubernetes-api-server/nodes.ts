import { setInterval } from "node:timers/promises";
import { z } from "zod";
import { atEnd } from "../shared/at-end.ts";
import type { ApiClient, Item } from "./api-client.ts";

// Nodes without a kubelet: this file reports them as ready, and reports what a kubelet would report of their pods. No
// container runs.

const zones = ["a", "b", "c"] as const;
const intervalMs = 500;
/** How long a pod takes to become ready, and how long it takes to stop. */
const podMs = 2000;

const podSpec = z.looseObject({
  nodeName: z.string().optional(),
  containers: z.array(z.looseObject({ name: z.string(), image: z.string() })),
});
const owners = z.looseObject({ ownerReferences: z.array(z.looseObject({ kind: z.string() })).default([]) });

export async function startNodes(client: ApiClient, names: readonly string[]): Promise<void> {
  for (const [index, name] of names.entries()) {
    const labels = { "kubernetes.io/hostname": name, "topology.kubernetes.io/zone": zones[index % zones.length] };
    const node = { apiVersion: "v1", kind: "Node", metadata: { name, labels } };
    const { status, body } = await client.post("/api/v1/nodes", node);
    if (status !== 201) throw new Error(body);
  }
  const stop = new AbortController();
  const reporting = reportNodesAndPods(client, names, stop.signal);
  atEnd(async () => {
    stop.abort();
    await reporting;
  });
}

async function reportNodesAndPods(client: ApiClient, names: readonly string[], signal: AbortSignal): Promise<void> {
  const firstSeenAt = new Map<string, number>();
  let address = 1;
  try {
    for await (const _ of setInterval(intervalMs, undefined, { signal })) {
      for (const name of names) await client.merge(`/api/v1/nodes/${name}/status`, { status: readyNode() });
      for (const pod of await client.list("/api/v1/pods")) {
        const { nodeName } = podSpec.parse(pod.spec);
        if (nodeName === undefined) continue;
        const path = `/api/v1/namespaces/${pod.metadata.namespace}/pods/${pod.metadata.name}`;
        const key = `${path} ${pod.metadata.deletionTimestamp === undefined}`;
        const sinceMs = Date.now() - (firstSeenAt.get(key) ?? Date.now());
        if (!firstSeenAt.has(key)) firstSeenAt.set(key, Date.now());
        if (sinceMs < podMs) continue;
        if (pod.metadata.deletionTimestamp !== undefined) await client.delete(path, { gracePeriodSeconds: 0 });
        else if (pod.status["phase"] === "Pending" || pod.status["phase"] === undefined) {
          address += 1;
          await client.merge(`${path}/status`, { status: statusOf(pod, `10.244.0.${address}`) });
        }
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

const readyNode = () => ({
  conditions: [{ type: "Ready", status: "True", reason: "KubeletReady", ...times() }],
  capacity: { cpu: "8", memory: "32Gi", "ephemeral-storage": "100Gi", pods: "110" },
  allocatable: { cpu: "8", memory: "32Gi", "ephemeral-storage": "100Gi", pods: "110" },
});

const times = () => {
  const now = new Date().toISOString().replace(/\.\d+Z$/, "Z");
  return { lastHeartbeatTime: now, lastTransitionTime: now };
};

/** Returns the status of a started pod: the pod of a Job has succeeded, and any other pod is ready. */
function statusOf(pod: Item, podIP: string): unknown {
  const isJob = owners.parse(pod.metadata).ownerReferences.some(({ kind }) => kind === "Job");
  const since = times().lastTransitionTime;
  const conditions = ["Initialized", "ContainersReady", "Ready", "PodScheduled"].map((type) => ({
    type,
    status: isJob && type.endsWith("Ready") ? "False" : "True",
    lastTransitionTime: since,
  }));
  const state = isJob
    ? { terminated: { exitCode: 0, reason: "Completed", startedAt: since, finishedAt: since } }
    : { running: { startedAt: since } };
  const containerStatuses = podSpec.parse(pod.spec).containers.map(({ name, image }) => ({
    name,
    image,
    imageID: image,
    ready: !isJob,
    started: !isJob,
    restartCount: 0,
    state,
  }));
  return {
    phase: isJob ? "Succeeded" : "Running",
    podIP,
    podIPs: [{ ip: podIP }],
    conditions,
    containerStatuses,
    startTime: since,
  };
}
