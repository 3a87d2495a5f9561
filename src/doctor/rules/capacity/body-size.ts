import { maxImageBytes, maxImageText, maxUploadMebibytes } from "../../../config/upload-limits.ts";
import type { Settings } from "../../facts/app.ts";
import { type ConfigNumber, formatNumber, size } from "../../facts/config-values.ts";
import type { Deployment } from "../../facts/deployment.ts";
import type { LoadBalancer } from "../../facts/load-balancer.ts";
import { bytes } from "../../facts/units.ts";
import type { Rule, Violation } from "../../rule.ts";
import { location } from "../example-files.ts";

type Comparison = { loadBalancer: LoadBalancer; body: ConfigNumber; upload: ConfigNumber };

const comparisonsIn = ({ loadBalancers }: Deployment): Comparison[] =>
  loadBalancers.flatMap(({ loadBalancer, apps }) =>
    loadBalancer.maxBodySizes.flatMap((body) =>
      apps.map(({ settings }) => ({ loadBalancer, body, upload: uploadLimit(settings, body) })),
    ),
  );

/** Returns LARGEST_UPLOAD if it is set, otherwise the limit of Haven. */
function uploadLimit(settings: Settings, body: ConfigNumber): ConfigNumber {
  const setting = settings.text("LARGEST_UPLOAD");
  const value = setting === undefined ? undefined : bytes(setting.text);
  if (setting !== undefined && value !== undefined) return size(setting.name, value, setting.at);
  return { ...size("LARGEST_UPLOAD", maxImageBytes, body.at, "Haven's limit"), assumed: !settings.isHaven };
}

export const bodySizeRules: readonly Rule[] = [
  {
    id: "budget-body-too-small",
    severity: "error",
    title: "The proxy rejects uploads that the application accepts",
    impact: "Uploading a photo of an allowed size fails with the proxy's own 413 page.",
    condition: `nginx \`client_max_body_size\` (default 1 MiB), ingress-nginx \`proxy-body-size\` (default 1 MiB) and a content-length rule of HAProxy ≥ the largest upload of the application: \`LARGEST_UPLOAD\` in the settings, for Haven ${maxImageText}`,
    fix: `Allow ${maxUploadMebibytes} MiB (${maxUploadMebibytes}m). This is slightly more than the application accepts, so that the application answers for uploads that are too large.`,
    example: {
      kind: "nginx",
      alongside: { settings: "LARGEST_UPLOAD=5m\n" },
      broken: location("", "client_max_body_size 1m;"),
      fixed: location("", "client_max_body_size 5m;"),
    },
    find: (deployment) =>
      comparisonsIn(deployment)
        .filter(({ body, upload }) => body.value !== 0 && body.value < upload.value)
        .map(
          ({ loadBalancer, body, upload }): Violation => ({
            numbers: [body, upload],
            message: `${loadBalancer.name} accepts at most ${formatNumber(body)}, and the application accepts ${formatNumber(upload)}.`,
          }),
        ),
  },
  {
    id: "budget-body-too-large",
    severity: "warning",
    title: "The proxy accepts bodies that the application rejects",
    impact:
      "A client can fill the proxy's disk and bandwidth with large bodies that the application rejects in the end.",
    condition:
      "The limits of the size of a body (nginx, ingress-nginx, HAProxy) ≤ twice the largest upload of the application; 0 means without limit",
    fix: `Allow ${maxUploadMebibytes} MiB (${maxUploadMebibytes}m).`,
    example: {
      kind: "nginx",
      alongside: { settings: "LARGEST_UPLOAD=5m\n" },
      broken: location("", "client_max_body_size 100m;"),
      fixed: location("", "client_max_body_size 5m;"),
    },
    find: (deployment) =>
      comparisonsIn(deployment)
        .filter(({ body, upload }) => body.value === 0 || body.value > 2 * upload.value)
        .map(
          ({ loadBalancer, body, upload }): Violation => ({
            numbers: [body, upload],
            message: `${loadBalancer.name} accepts ${body.value === 0 ? "bodies of any size" : formatNumber(body)}, and the application accepts at most ${formatNumber(upload)}.`,
          }),
        ),
  },
];
