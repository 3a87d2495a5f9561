import { ask } from "../../../test/shared/requests/http.ts";
import { type CollectorFault, startFailingCollector } from "../../../test/shared/servers/failing-collector.ts";
import type { Fleet } from "../../../test/shared/servers/fleet.ts";

/** Shorter than the default of 10 s, so that batches are lost while the run lasts. */
const exportTimeoutMs = 2000;

/** Starts a trace endpoint with this fault, and returns the settings with which the instances export to it. */
export async function startTraceEndpoint(fault: CollectorFault) {
  const { endpoint } = await startFailingCollector(fault);
  return {
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_EXPORTER_OTLP_TIMEOUT: String(exportTimeoutMs) },
    /** The finding is met if spans reached a slow endpoint, or if the instances counted the spans that any other lost. */
    async findings({ members }: Fleet) {
      const counts = { exported: 0, failed: 0, dropped: 0 };
      for (const { url } of members) {
        const { text } = await ask(`${url}/metrics`);
        for (const outcome of ["exported", "failed", "dropped"] as const)
          counts[outcome] += Number(
            new RegExp(`^trace_spans_total\\{outcome="${outcome}"\\} (\\d+)$`, "m").exec(text)?.[1],
          );
      }
      const { exported, failed, dropped } = counts;
      return [
        {
          what: `${exported} spans exported, ${failed} failed and ${dropped} dropped, with an endpoint that is ${fault}`,
          met: fault === "slow" ? exported > 0 : exported === 0 && failed + dropped > 0,
        },
      ];
    },
  };
}

export type TraceEndpoint = Awaited<ReturnType<typeof startTraceEndpoint>>;
