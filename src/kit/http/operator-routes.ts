import type { createDetailed } from "../health/detailed.ts";
import { healthJson, healthJsonStatus, healthJsonType } from "../health/health-json.ts";
import type { BreakerState, FleetReport, HealthReport } from "../health/health-report.ts";
import type { Samples } from "../health/samples.ts";
import type { BreakerView } from "../resilience/breaker.ts";
import { pageHeaders, renderPage, renderReducedPage } from "../status-page/page.ts";
import { preferred } from "./accept.ts";
import type { OpsAnswer, OpsRoute } from "./operator-endpoints.ts";

export type OpsRoutesDeps = {
  metrics: { expose(format: "prometheus" | "openmetrics"): Promise<{ contentType: string; body: string }> };
  detailed: ReturnType<typeof createDetailed>;
  breakers(): readonly BreakerView[];
  fleet(): FleetReport;
  samples: Pick<Samples, "of">;
  intervalMs: number;
  clock: { now(): number };
};

const jsonType = "application/json; charset=utf-8";
const htmlType = "text/html; charset=utf-8";

/** What operators can ask for, by path. */
export function createOpsRoutes(deps: OpsRoutesDeps): ReadonlyMap<string, OpsRoute> {
  const metrics: OpsRoute = {
    withoutToken: "refused",
    answer: async ({ accept }) => ({ status: 200, ...(await deps.metrics.expose(formatOf(accept))) }),
  };
  const breakers: OpsRoute = {
    withoutToken: "refused",
    answer: () => json(200, { circuitBreakers: deps.breakers().map(toBreakerState) }),
  };
  const instances: OpsRoute = { withoutToken: "refused", answer: () => json(200, deps.fleet()) };
  const detailed: OpsRoute = {
    withoutToken: "reduced",
    answer({ accept, authorized }) {
      const picture = deps.detailed.report();
      const status = picture.status === "unhealthy" ? 503 : 200;
      return authorized ? whole(picture, status, formOf(accept)) : reduced(picture, status, formOf(accept));
    },
  };

  function whole(picture: HealthReport, status: number, form: Form): OpsAnswer {
    if (form === "json") return json(status, picture);
    if (form === "health") return json(status, healthJson(picture), healthJsonType);
    const extras = {
      samples: deps.samples.of,
      nowMs: deps.clock.now(),
      intervalMs: deps.intervalMs,
      fleet: deps.fleet(),
    };
    return { status, contentType: htmlType, body: renderPage(picture, extras), headers: pageHeaders };
  }

  return new Map([
    ["/metrics", metrics],
    ["/health/detailed", detailed],
    ["/api/v1/circuit-breakers", breakers],
    ["/api/v1/instances", instances],
  ]);
}

/** The verdict and whose it is: all that a caller without the token gets. */
function reduced({ status: verdict, instance, timestamp }: HealthReport, status: number, form: Form): OpsAnswer {
  if (form === "json") return json(status, { status: verdict, instance });
  if (form === "health")
    return json(status, { status: healthJsonStatus(verdict), serviceId: instance }, healthJsonType);
  const body = renderReducedPage({ status: verdict, instance, timestamp });
  return { status, contentType: htmlType, body, headers: pageHeaders };
}

export const toBreakerState = ({ since, nextAttemptAt, ...view }: BreakerView): BreakerState => ({
  ...view,
  since: new Date(since).toISOString(),
  nextAttemptAt: nextAttemptAt === null ? null : new Date(nextAttemptAt).toISOString(),
});

type Form = "json" | "health" | "html";

const forms = { "application/json": "json", [healthJsonType]: "health", "text/html": "html" } as const;
const metricFormats = { "text/plain": "prometheus", "application/openmetrics-text": "openmetrics" } as const;

const formOf = (accept: string): Form => preferred(accept, forms) ?? "json";
const formatOf = (accept: string) => preferred(accept, metricFormats) ?? "prometheus";

const json = (status: number, body: object, contentType = jsonType): OpsAnswer => ({
  status,
  contentType,
  body: `${JSON.stringify(body)}\n`,
});
