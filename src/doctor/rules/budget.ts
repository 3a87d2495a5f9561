import { count, type Front, known, ms, shown, size, type Told } from "../facts.ts";
import { named } from "../readers/objects.ts";
import { budgetOf, shareOf } from "../readers/scaling.ts";
import { get, type Tree, text } from "../readers/yaml.ts";
import type { Found, Rule } from "../rule.ts";
import type { Setup } from "../setup.ts";
import { appOf } from "./each.ts";
import { location, pod } from "./samples.ts";

/** The largest image that the application takes. */
const largestUpload = 5_000_000;
/** A process of Haven from its start to listening. */
const boot = 3000;

const bodies = ({ fronts }: Setup): { front: Front; body: Told }[] =>
  fronts.flatMap(({ front }) => front.bodies.map((body) => ({ front, body })));
const upload = (body: Told): Told => size("largest upload of the application", largestUpload, body.at, "Haven's");

function letsNone(budget: Tree, least: Told | undefined): Found[] {
  const pods = least?.value ?? Number.MAX_SAFE_INTEGER;
  const kept = get(budget, "spec", "minAvailable");
  const gone = get(budget, "spec", "maxUnavailable");
  const keeps = shareOf(kept, pods);
  if (kept !== undefined && keeps !== undefined && keeps >= pods)
    return [
      least === undefined
        ? { places: [kept.at], says: `minAvailable ${text(kept) ?? ""}: all pods have to stay, so none may go.` }
        : {
            numbers: [count("minAvailable", keeps, kept.at), least],
            says: `${keeps} of ${least.value} pods have to stay, so none may go.`,
          },
    ];
  if (gone === undefined || shareOf(gone, pods) !== 0) return [];
  return [
    {
      numbers: [count("maxUnavailable", 0, gone.at), ...known([least])],
      says: `0 of ${least === undefined ? "all" : least.value} pods may go.`,
    },
  ];
}

export const budgetRules: readonly Rule[] = [
  {
    id: "budget-lets-none-go",
    severity: "error",
    title: "The disruption budget lets no pod go",
    reason:
      "A node cannot be emptied: upgrades of the cluster hang, until somebody forces them and takes several pods at once.",
    arithmetic:
      "`minAvailable` < fewest replicas (the autoscaler's `minReplicas`), or `maxUnavailable` ≥ 1; percentages are rounded up, as Kubernetes does. `maxUnavailable: 0` and `minAvailable: 100%` are wrong for any workload",
    fix: "Write maxUnavailable: 1.",
    example: {
      kind: "kubernetes",
      broken: `${pod("env: [{ name: DRAIN_DELAY_MS, value: '15000' }]", "", "replicas: 2")}---\n${budget("minAvailable: 2")}`,
      mended: `${pod("env: [{ name: DRAIN_DELAY_MS, value: '15000' }]", "", "replicas: 2")}---\n${budget("maxUnavailable: 1")}`,
    },
    find: ({ kubernetes, apps }) =>
      kubernetes.flatMap(({ bundle, workloads }) =>
        named(bundle.objects, "PodDisruptionBudget").flatMap((budget): Found[] => {
          const selected = workloads.filter(({ object }) => budgetOf(bundle, object) === budget);
          const fewest = selected.map((workload) => appOf(workload, apps)?.replicas?.least);
          // Some budgets are wrong however many pods there are.
          return (fewest.length === 0 ? [undefined] : fewest).flatMap((least) => letsNone(budget, least));
        }),
      ),
  },
  {
    id: "budget-heap",
    severity: "error",
    title: "The heap may grow beyond the memory that there is",
    reason:
      "Beside the heap a process holds buffers, images and threads: before the heap is full the system kills it without a word, with all requests on it.",
    arithmetic: "`--max-old-space-size` ≤ 75 % of the memory limit (Kubernetes, Compose, ECS, Render's plan)",
    fix: "Lower --max-old-space-size, or raise the limit.",
    example: {
      kind: "kubernetes",
      broken: pod(
        "env: [{ name: NODE_OPTIONS, value: --max-old-space-size=512 }]\n          resources: { limits: { memory: 512Mi } }",
      ),
      mended: pod(
        "env: [{ name: NODE_OPTIONS, value: --max-old-space-size=384 }]\n          resources: { limits: { memory: 512Mi } }",
      ),
    },
    find: ({ apps }) =>
      apps.flatMap(({ name, heap, memory }): Found[] => {
        if (heap === undefined || (memory === undefined && heap.unit === "bytes")) return [];
        if (heap.unit === "percent") {
          if (heap.value <= 75) return [];
          return [
            {
              numbers: memory === undefined ? [heap] : [heap, memory],
              says: `${name}: ${shown(heap)} of the memory are more than 75 %.`,
            },
          ];
        }
        if (memory === undefined || heap.value <= memory.value * 0.75) return [];
        const most = Math.floor((memory.value * 0.75) / 1024 ** 2);
        return [
          {
            numbers: [heap, memory],
            says: `${name}: a heap of ${shown(heap)} is ${Math.round((heap.value / memory.value) * 100)} % of ${shown(memory)}; 75 % are the most.`,
            fix: `Set --max-old-space-size=${most}, or raise the limit.`,
          },
        ];
      }),
  },
  {
    id: "budget-body-too-small",
    severity: "error",
    title: "The proxy refuses uploads that the application takes",
    reason: "Users get a bare 413 from the proxy for a photo that is allowed.",
    arithmetic:
      "nginx `client_max_body_size` (1 MiB unless written), ingress-nginx `proxy-body-size` (1 MiB), HAProxy's rule about content-length ≥ 5,000,000 bytes",
    fix: "Allow 5 MiB (5m), a little more than the application: then it is the application that says what is too large.",
    example: {
      kind: "nginx",
      broken: location("", "client_max_body_size 1m;"),
      mended: location("", "client_max_body_size 5m;"),
    },
    find: (setup) =>
      bodies(setup)
        .filter(({ body }) => body.value !== 0 && body.value < largestUpload)
        .map(
          ({ front, body }): Found => ({
            numbers: [body, upload(body)],
            says: `${front.name} takes ${shown(body)} at most, and the application ${shown(upload(body))}.`,
          }),
        ),
  },
  {
    id: "budget-body-too-large",
    severity: "warning",
    title: "The proxy takes bodies that the application refuses",
    reason:
      "Anybody can make the proxy write large bodies to its disk, for nothing: they are refused when they are complete.",
    arithmetic: "the same limits ≤ 10,000,000 bytes, twice what the application takes; 0 is no limit",
    fix: "Allow 5 MiB (5m).",
    example: {
      kind: "nginx",
      broken: location("", "client_max_body_size 100m;"),
      mended: location("", "client_max_body_size 5m;"),
    },
    find: (setup) =>
      bodies(setup)
        .filter(({ body }) => body.value === 0 || body.value > 2 * largestUpload)
        .map(
          ({ front, body }): Found => ({
            numbers: [body, upload(body)],
            says: `${front.name} takes ${body.value === 0 ? "bodies of any size" : shown(body)}, and the application ${shown(upload(body))} at most.`,
          }),
        ),
  },
  {
    id: "budget-quarantine",
    severity: "warning",
    title: "nginx leaves an instance out for longer than its restart takes",
    reason:
      "An instance that is back gets no requests; when a fault went through all of them, users get 502 for all of that time although everything is well again.",
    arithmetic:
      "`fail_timeout` (10 s unless written) ≤ restart time: `DRAIN_LINGER_MS` + 3 s to boot + 2 · `HEALTH_CHECK_INTERVAL`, which is 10 s in production",
    fix: "Write max_fails=3 fail_timeout=5s.",
    example: {
      kind: "nginx",
      broken:
        "upstream api {\n  zone api 64k;\n  server app1:4000 max_fails=3 fail_timeout=30s;\n  server app2:4000 max_fails=3 fail_timeout=30s;\n}\n",
      mended:
        "upstream api {\n  zone api 64k;\n  server app1:4000 max_fails=3 fail_timeout=5s;\n  server app2:4000 max_fails=3 fail_timeout=5s;\n}\n",
    },
    find: ({ fronts }) =>
      fronts.flatMap(({ front, apps }) =>
        apps.flatMap(({ settings }) => {
          const linger = settings.number("DRAIN_LINGER_MS");
          const interval = settings.number("HEALTH_CHECK_INTERVAL");
          if (linger === undefined || interval === undefined) return [];
          // Where nobody waits for a restart (no linger) the usual one is the measure.
          const restart = Math.max(10_000, linger.value + boot + 2 * interval.value);
          return front.quarantines
            .filter(({ value }) => value > restart)
            .map(
              (quarantine): Found => ({
                numbers: [quarantine, linger, interval],
                says: `An instance that failed is left out for ${shown(quarantine)}; a restart takes about ${shown(ms("", restart, quarantine.at))}.`,
              }),
            );
        }),
      ),
  },
];

function budget(line: string): string {
  return `apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: { name: api }\nspec:\n  ${line}\n  selector: { matchLabels: { app: api } }\n`;
}
