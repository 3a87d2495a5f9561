import { AppError } from "../core/errors/app-error.ts";
import { pageHeaders } from "../core/page/headers.ts";
import { html, nothing, trusted } from "../core/page/html.ts";
import { preferredForm } from "../kit/http/accept.ts";
import type { OperatorAnswer, OperatorRequest, OperatorRoute } from "../kit/http/operator-endpoints.ts";
import type { Capture, Evidence } from "./evidence.ts";
import type { LogLevel } from "./log-level.ts";

export type EvidenceRoutesDeps = {
  evidence: Pick<Evidence, "all">;
  logLevel: LogLevel;
  recentLogLines(): readonly string[];
  /** Whether the log level can be changed by a request. */
  mayChangeLogLevel: boolean;
};

const jsonType = "application/json; charset=utf-8";

/** Operator endpoints below `/health/detailed`, because the proxy configurations already hide that path. */
export function evidenceRoutes(deps: EvidenceRoutesDeps): ReadonlyMap<string, OperatorRoute> {
  const { evidence, logLevel, recentLogLines, mayChangeLogLevel } = deps;
  return new Map<string, OperatorRoute>([
    [
      "/health/detailed/evidence",
      {
        withoutToken: "unauthorized",
        answer: (request) =>
          request.query.has("id") ? download(evidence.all(), request) : list(evidence.all(), request),
      },
    ],
    [
      "/health/detailed/log",
      {
        withoutToken: "unauthorized",
        answer: () => ({ status: 200, contentType: "application/x-ndjson", body: recentLogLines().join("") }),
      },
    ],
    [
      "/health/detailed/log-level",
      {
        withoutToken: "unauthorized",
        methods: ["GET", "HEAD", "PUT", "DELETE"],
        answer({ method, query }) {
          if (method === "PUT" || method === "DELETE") {
            if (!mayChangeLogLevel)
              throw new AppError("forbidden", "Changes need OPS_TOKEN or MANAGEMENT_PORT to be set in production.");
            if (method === "PUT") logLevel.set(query.get("level"), query.get("minutes"));
            else logLevel.reset();
          }
          return json(logLevel.current());
        },
      },
    ],
  ]);
}

const json = (body: object): OperatorAnswer => ({
  status: 200,
  contentType: jsonType,
  body: `${JSON.stringify(body)}\n`,
});

const summaryOf = ({ id, at, check, reason, profile, report }: Capture) => ({
  id,
  at: new Date(at).toISOString(),
  check,
  reason,
  profileBytes: profile.length,
  reportBytes: report.length,
});

function list(captures: readonly Capture[], { accept }: OperatorRequest): OperatorAnswer {
  const summaries = captures.map(summaryOf);
  const isPage = preferredForm(accept, { "application/json": "json", "text/html": "page" } as const) === "page";
  if (!isPage) return json({ captures: summaries });
  const body = html`
    <!doctype html>
    <html lang="en">
      <head><meta charset="utf-8"><title>Evidence</title><meta name="viewport" content="width=device-width, initial-scale=1">
      <style>${trusted(pageStyle)}</style></head>
      <body>
        <h1>Evidence</h1>
        <p>When the check of the event loop or of the memory fails, the instance records a CPU profile of two seconds and a
        diagnostic report. It keeps the latest four. Open a profile in the Performance panel of a Chromium browser.</p>
        ${summaries.length === 0 ? html`<p>No check of the process has failed since the start.</p>` : nothing}
        <ul>${summaries.map(
          ({ id, at, check, reason }) => html`<li>${at}: ${check} (${reason ?? "unknown"}):
            <a href="?id=${id}&part=profile">profile</a>, <a href="?id=${id}&part=report">report</a></li>`,
        )}</ul>
        <p><a href="/health/detailed">Status</a>, <a href="/health/detailed/log">recent log lines</a></p>
      </body>
    </html>`;
  const headers = pageHeaders({ script: "", style: pageStyle });
  return { status: 200, contentType: "text/html; charset=utf-8", body: body.html, headers };
}

const pageStyle =
  ":root{color-scheme:light dark;font:1rem/1.5 system-ui}body{margin:2rem auto;max-width:45rem;padding:0 1rem}";

function download(captures: readonly Capture[], { query }: OperatorRequest): OperatorAnswer {
  const capture = captures.find(({ id }) => String(id) === query.get("id"));
  if (capture === undefined) throw new AppError("not_found", "This capture does not exist any more.");
  const isReport = query.get("part") === "report";
  const name = `${capture.check}-${capture.id}${isReport ? "-report.json" : ".cpuprofile"}`;
  return {
    status: 200,
    contentType: "application/json",
    body: isReport ? capture.report : capture.profile,
    headers: { "Content-Encoding": "gzip", "Content-Disposition": `attachment; filename="${name}"` },
  };
}
