import { readFileSync } from "node:fs";
import { request } from "node:https";
import { text } from "node:stream/consumers";
import { z } from "zod";
import type { ClusterObject } from "../support/kubernetes/kustomize.ts";

export type Reply = { status: number; body: string };

export type ApiClient = {
  get(path: string): Promise<Reply>;
  post(path: string, object: unknown): Promise<Reply>;
  delete(path: string, options?: unknown): Promise<Reply>;
  /** Sends a merge patch. */
  merge(path: string, change: unknown): Promise<Reply>;
  /** Server-side apply, which refuses unknown and repeated fields. */
  apply(object: ClusterObject, options?: { dryRun?: boolean }): Promise<Reply>;
  /** Returns the items of a list. */
  list(path: string): Promise<readonly Item[]>;
};

const item = z.looseObject({
  metadata: z.looseObject({
    name: z.string(),
    namespace: z.string().optional(),
    deletionTimestamp: z.string().optional(),
    labels: z.record(z.string(), z.string()).default({}),
  }),
  spec: z.looseObject({}).default({}),
  status: z.looseObject({}).default({}),
});
export type Item = z.infer<typeof item>;

const items = z.object({ items: z.array(item) });
const resources = z.object({
  resources: z.array(z.object({ name: z.string(), kind: z.string(), namespaced: z.boolean() })),
});

const timeLimitMs = 20_000;

export function createApiClient({
  port,
  token,
  certificate,
}: {
  port: number;
  token: string;
  certificate: string;
}): ApiClient {
  const ca = readFileSync(certificate);

  async function send(method: string, path: string, value?: unknown, type = "application/json"): Promise<Reply> {
    const { promise, resolve, reject } = Promise.withResolvers<Reply>();
    const content = value === undefined ? "" : JSON.stringify(value);
    // Without content-length here, Node sends the content of a DELETE without its length.
    const headers = {
      authorization: `Bearer ${token}`,
      "content-type": type,
      "content-length": Buffer.byteLength(content),
    };
    const signal = AbortSignal.timeout(timeLimitMs);
    const call = request({ host: "127.0.0.1", port, method, path, headers, ca, signal }, (response) => {
      text(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject);
    });
    call.on("error", reject);
    call.end(content);
    return promise;
  }

  /** Returns the path of an object, from the list of resources that the Kubernetes API server returns. */
  async function pathOf({ apiVersion, kind, metadata }: ClusterObject): Promise<string> {
    const root = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const { status, body } = await send("GET", root);
    if (status !== 200) throw new Error(`${apiVersion}: ${body}`);
    const resource = resources
      .parse(JSON.parse(body))
      .resources.find((one) => one.kind === kind && !one.name.includes("/"));
    if (resource === undefined) throw new Error(`there is no ${kind} in ${apiVersion}`);
    const namespace = resource.namespaced ? `/namespaces/${metadata.namespace ?? "default"}` : "";
    return `${root}${namespace}/${resource.name}/${metadata.name}`;
  }

  return {
    get: (path) => send("GET", path),
    post: (path, object) => send("POST", path, object),
    delete: (path, options) => send("DELETE", path, options),
    merge: (path, change) => send("PATCH", path, change, "application/merge-patch+json"),
    async apply(object, { dryRun = false } = {}) {
      const query = `fieldManager=haven&fieldValidation=Strict&force=true${dryRun ? "&dryRun=All" : ""}`;
      return send("PATCH", `${await pathOf(object)}?${query}`, object, "application/apply-patch+yaml");
    },
    async list(path) {
      const { status, body } = await send("GET", path);
      if (status !== 200) throw new Error(`${path}: ${status} ${body}`);
      return items.parse(JSON.parse(body)).items;
    },
  };
}
