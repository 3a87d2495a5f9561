import { type ConfigNumber, formatNumber, size } from "../../config-values.ts";
import type { Deployment } from "../../deployment.ts";
import type { LoadBalancer } from "../../facts.ts";
import type { Rule, Violation } from "../../rule.ts";
import { location } from "../example-files.ts";

/** The largest image that the application takes. */
const largestUpload = 5_000_000;

const maxBodySizes = ({ loadBalancers }: Deployment): { loadBalancer: LoadBalancer; body: ConfigNumber }[] =>
  loadBalancers.flatMap(({ loadBalancer }) => loadBalancer.maxBodySizes.map((body) => ({ loadBalancer, body })));

const uploadLimit = (body: ConfigNumber): ConfigNumber =>
  size("largest upload of the application", largestUpload, body.at, "Haven's");

export const bodySizeRules: readonly Rule[] = [
  {
    id: "budget-body-too-small",
    severity: "error",
    title: "The proxy refuses uploads that the application takes",
    impact: "Users get a bare 413 from the proxy for a photo that is allowed.",
    condition:
      "nginx `client_max_body_size` (1 MiB unless written), ingress-nginx `proxy-body-size` (1 MiB), HAProxy's rule about content-length ≥ 5,000,000 bytes",
    fix: "Allow 5 MiB (5m), a little more than the application: then it is the application that says what is too large.",
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
            message: `${loadBalancer.name} takes ${formatNumber(body)} at most, and the application ${formatNumber(uploadLimit(body))}.`,
          }),
        ),
  },
  {
    id: "budget-body-too-large",
    severity: "warning",
    title: "The proxy takes bodies that the application refuses",
    impact:
      "Anybody can make the proxy write large bodies to its disk, for nothing: they are refused when they are complete.",
    condition: "the same limits ≤ 10,000,000 bytes, twice what the application takes; 0 is no limit",
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
            message: `${loadBalancer.name} takes ${body.value === 0 ? "bodies of any size" : formatNumber(body)}, and the application ${formatNumber(uploadLimit(body))} at most.`,
          }),
        ),
  },
];
