import { type ConfigNumber, formatNumber, size } from "../../facts/config-values.ts";
import type { Deployment } from "../../facts/deployment.ts";
import type { LoadBalancer } from "../../facts/load-balancer.ts";
import type { Rule, Violation } from "../../rule.ts";
import { location } from "../example-files.ts";

/** The largest image that the application accepts. */
const largestUpload = 5_000_000;

const maxBodySizes = ({ loadBalancers }: Deployment): { loadBalancer: LoadBalancer; body: ConfigNumber }[] =>
  loadBalancers.flatMap(({ loadBalancer }) => loadBalancer.maxBodySizes.map((body) => ({ loadBalancer, body })));

const uploadLimit = (body: ConfigNumber): ConfigNumber =>
  size("largest upload of the application", largestUpload, body.at, "Haven's");

export const bodySizeRules: readonly Rule[] = [
  {
    id: "budget-body-too-small",
    severity: "error",
    title: "The proxy rejects uploads that the application accepts",
    impact: "Uploading a photo of an allowed size fails with the proxy's own 413 page.",
    condition:
      "nginx `client_max_body_size` (default 1 MiB), ingress-nginx `proxy-body-size` (default 1 MiB) and a content-length rule of HAProxy ≥ 5,000,000 bytes",
    fix: "Allow 5 MiB (5m). This is slightly more than the application accepts, so that the application answers for uploads that are too large.",
    example: {
      kind: "nginx",
      broken: location("", "client_max_body_size 1m;"),
      fixed: location("", "client_max_body_size 5m;"),
    },
    find: (deployment) =>
      maxBodySizes(deployment)
        .filter(({ body }) => body.value !== 0 && body.value < largestUpload)
        .map(
          ({ loadBalancer, body }): Violation => ({
            numbers: [body, uploadLimit(body)],
            message: `${loadBalancer.name} accepts at most ${formatNumber(body)}, and the application accepts ${formatNumber(uploadLimit(body))}.`,
          }),
        ),
  },
  {
    id: "budget-body-too-large",
    severity: "warning",
    title: "The proxy accepts bodies that the application rejects",
    impact:
      "A client can fill the proxy's disk and bandwidth with large bodies that the application rejects in the end.",
    condition: "The same limits ≤ 10,000,000 bytes, which is twice what the application accepts; 0 means without limit",
    fix: "Allow 5 MiB (5m).",
    example: {
      kind: "nginx",
      broken: location("", "client_max_body_size 100m;"),
      fixed: location("", "client_max_body_size 5m;"),
    },
    find: (deployment) =>
      maxBodySizes(deployment)
        .filter(({ body }) => body.value === 0 || body.value > 2 * largestUpload)
        .map(
          ({ loadBalancer, body }): Violation => ({
            numbers: [body, uploadLimit(body)],
            message: `${loadBalancer.name} accepts ${body.value === 0 ? "bodies of any size" : formatNumber(body)}, and the application accepts at most ${formatNumber(uploadLimit(body))}.`,
          }),
        ),
  },
];
