import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { eventually } from "../../test/shared/eventually.ts";
import { ask } from "../../test/shared/requests/http.ts";
import { interleave } from "../interleave.ts";
import { newOwner } from "../load/owner.ts";
import { FailedRequests, runWrk } from "../load/wrk.ts";
import { atLeast, type Outcome, type RunLength, type Scenario } from "../report/outcome.ts";
import { barsOf, ratios, spreadOf } from "../report/statistics.ts";
import type { Testbed } from "../testbed.ts";

export const traces: Scenario = {
  name: "traces",
  title: "An authenticated GET with its trace exported",
  why: `The spans of a request are plain objects that refer to shared descriptions. Every second or every 512 spans, they
    become one text, with each description once, and a worker thread translates, encodes and sends them with the exporter of
    the OpenTelemetry SDK. While no endpoint is set, the SDK is not loaded, and no request has a trace.`,
  run,
};

async function run(testbed: Testbed, { rounds, seconds }: RunLength): Promise<Outcome> {
  const { endpoint, close } = await startEndpoint();
  const off = await testbed.haven();
  const on = await testbed.haven({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint });
  const owner = await newOwner(off.url, "traced@example.org");
  const read =
    ({ url, pid }: { url: string; pid: number }) =>
    async () => {
      const before = mainThreadSeconds(pid);
      const { requests } = await runWrk({
        url: `${url}/api/v1/properties/${owner.propertyId}`,
        headers: owner.headers,
        seconds,
      });
      return requests / (mainThreadSeconds(pid) - before);
    };
  const measured = await interleave(rounds, { "traces off": read(off), "traces exported": read(on) });
  const exported = await exportedSpans(on.url);
  await off.stop();
  await on.stop();
  close();
  return {
    claims: [
      {
        what: "an authenticated GET of one row with every trace exported: requests for each second of the main thread, relative to no traces",
        bound: atLeast(0.9),
        measured: spreadOf(ratios(measured["traces exported"], measured["traces off"])),
        unit: "ratio",
      },
    ],
    charts: [
      {
        name: "traces",
        title: "Requests for each second of the main thread, relative to no traces",
        unit: "ratio",
        bars: barsOf(measured, "traces off"),
      },
    ],
    notes: [`All ${exported.toLocaleString("en")} spans were exported.`],
  };
}

/** Returns the number of exported spans, once none waits. A span that was not exported fails the run. */
async function exportedSpans(url: string): Promise<number> {
  const count = async (series: string): Promise<number> => {
    const { text } = await ask(`${url}/metrics`);
    const line = text.split("\n").find((one) => one.startsWith(`${series} `)) ?? "";
    return Number(line.slice(series.length));
  };
  await eventually(
    () => count("trace_spans_pending"),
    (pending) => pending === 0,
    10_000,
  );
  for (const outcome of ["failed", "dropped"]) {
    const lost = await count(`trace_spans_total{outcome="${outcome}"}`);
    if (lost > 0) throw new FailedRequests(`${lost} spans ${outcome}.`);
  }
  return count('trace_spans_total{outcome="exported"}');
}

/** Accepts every export. */
async function startEndpoint(): Promise<{ endpoint: string; close(): void }> {
  const server: Server = createServer((request, response) => {
    request.resume();
    request.on("end", () => response.writeHead(200, { "Content-Type": "application/x-protobuf" }).end());
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", resolve);
  await promise;
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** The processor time of the main thread, from the scheduler. */
function mainThreadSeconds(pid: number): number {
  const [nanoseconds = "0"] = readFileSync(`/proc/${pid}/task/${pid}/schedstat`, "utf8").split(" ");
  return Number(nanoseconds) / 1e9;
}
