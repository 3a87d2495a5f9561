import { healthJson, healthJsonStatus, healthJsonType } from "../health/health-json.ts";
import {
  type BreakerState,
  type FleetReport,
  type HealthReport,
  type PageLink,
  toBreakerState,
} from "../health/health-report.ts";
import type { Samples } from "../health/samples.ts";
import type { BreakerView } from "../resilience/breaker.ts";
import { pageHeaders } from "../status-page/document.ts";
import { renderPage, renderPublicPage } from "../status-page/page.ts";
import { preferredForm } from "./accept.ts";
import type { OperatorAnswer, OperatorRoute } from "./operator-endpoints.ts";

export type MetricsFormat = "prometheus" | "openmetrics";

export type ExposeMetrics = (format: MetricsFormat) => Promise<{ contentType: string; body: string }>;

export type OperatorRoutesDeps = {
  report(): HealthReport;
  breakers(): readonly BreakerView[];
  samples: Pick<Samples, "of">;
  intervalMs: number;
  clock: { now(): number };
  /** Produces the response of `/metrics`; without it, that path is not served. */
  exposeMetrics?: ExposeMetrics | undefined;
  /** Produces the report of `/api/v1/instances`; without it, that path is not served. */
  fleet?: (() => FleetReport) | undefined;
  /** Links of the status page. */
  links?: readonly PageLink[];
};

const jsonType = "application/json; charset=utf-8";
const htmlType = "text/html; charset=utf-8";

/** Creates the operator endpoints by path. */
export function createOperatorRoutes(deps: OperatorRoutesDeps): ReadonlyMap<string, OperatorRoute> {
  const { exposeMetrics, fleet } = deps;
  const routes = new Map<string, OperatorRoute>();
  if (exposeMetrics !== undefined) {
    routes.set("/metrics", {
      withoutToken: "unauthorized",
      answer: async ({ accept }) => ({ status: 200, ...(await exposeMetrics(metricsFormatOf(accept))) }),
    });
  }
  routes.set("/health/detailed", {
    withoutToken: "public-part",
    answer({ accept, authorized }) {
      const report = deps.report();
      const status = report.status === "unhealthy" ? 503 : 200;
      return authorized ? fullAnswer(report, status, formOf(accept)) : publicAnswer(report, status, formOf(accept));
    },
  });
  routes.set("/api/v1/circuit-breakers", {
    withoutToken: "unauthorized",
    answer: () => json(200, { circuitBreakers: deps.breakers().map((view): BreakerState => toBreakerState(view)) }),
  });
  if (fleet !== undefined) {
    routes.set("/api/v1/instances", { withoutToken: "unauthorized", answer: () => json(200, fleet()) });
  }
  return routes;

  function fullAnswer(report: HealthReport, status: number, form: Form): OperatorAnswer {
    if (form === "json") return json(status, report);
    if (form === "health") return json(status, healthJson(report), healthJsonType);
    const body = renderPage(report, {
      samples: deps.samples.of,
      nowMs: deps.clock.now(),
      intervalMs: deps.intervalMs,
      links: deps.links ?? [],
      ...(fleet !== undefined && { fleet: fleet() }),
    });
    return { status, contentType: htmlType, body, headers: pageHeaders };
  }
}

/** Returns the answer for a caller without the token: verdict and instance. */
function publicAnswer(
  { status: verdict, instance, timestamp }: HealthReport,
  status: number,
  form: Form,
): OperatorAnswer {
  if (form === "json") return json(status, { status: verdict, instance });
  if (form === "health")
    return json(status, { status: healthJsonStatus(verdict), serviceId: instance }, healthJsonType);
  const body = renderPublicPage({ status: verdict, instance, timestamp });
  return { status, contentType: htmlType, body, headers: pageHeaders };
}

type Form = "json" | "health" | "html";

const forms = { "application/json": "json", [healthJsonType]: "health", "text/html": "html" } as const;
const metricFormats = { "text/plain": "prometheus", "application/openmetrics-text": "openmetrics" } as const;

const formOf = (accept: string): Form => preferredForm(accept, forms) ?? "json";
const metricsFormatOf = (accept: string): MetricsFormat => preferredForm(accept, metricFormats) ?? "prometheus";

const json = (status: number, body: object, contentType = jsonType): OperatorAnswer => ({
  status,
  contentType,
  body: `${JSON.stringify(body)}\n`,
});
