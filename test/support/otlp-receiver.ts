import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { atEnd } from "../shared/at-end.ts";
import { eventually } from "../shared/eventually.ts";
import { freePort } from "../shared/free-port.ts";
import { failOrSkip, has } from "../shared/programs.ts";
import { ask } from "../shared/requests/http.ts";

// The real OpenTelemetry Collector, built from its Go modules with the two components that the tests need. The build
// takes minutes, so it is kept outside the repository, in a folder whose name contains a hash of the sources.

const sources = fileURLToPath(new URL("./otlp-receiver/", import.meta.url));
const version = createHash("sha256")
  .update(["main.go", "go.mod", "go.sum"].map((file) => readFileSync(join(sources, file))).join("\n"))
  .digest("hex")
  .slice(0, 12);
const folder = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "haven-tests");
export const receiverProgram = join(folder, `otlp-receiver-${version}`);

const go = has("go") ? "go" : "/usr/local/go/bin/go";

/** The options of a test that needs the receiver. */
export const withReceiver = { skip: existsSync(receiverProgram) ? false : "the OpenTelemetry Collector is not built" };

/** Builds the receiver if it is missing. */
export function provideReceiver(): void {
  if (existsSync(receiverProgram)) return;
  process.stderr.write("Building the OpenTelemetry Collector for the tests.\n");
  mkdirSync(folder, { recursive: true });
  const unfinished = `${receiverProgram}.${process.pid}`;
  const flags = ["build", "-trimpath", "-ldflags", "-s -w", "-o", unfinished, "."];
  const { status } = spawnSync(go, flags, { cwd: sources, stdio: ["ignore", "ignore", "inherit"], timeout: 900_000 });
  if (status === 0) renameSync(unfinished, receiverProgram);
  else failOrSkip("tests of traces with the OpenTelemetry Collector, which need Go");
}

export type ReceivedSpan = {
  traceId: string;
  spanId: string;
  parentSpanId: string;
  name: string;
  kind: number;
  failed: boolean;
  attributes: Readonly<Record<string, unknown>>;
  events: readonly { name: string; attributes: Readonly<Record<string, unknown>> }[];
  links: readonly { traceId: string; spanId: string }[];
  resource: Readonly<Record<string, unknown>>;
};

export type Receiver = {
  endpoint: string;
  /** Returns the text of everything that was received. */
  text(): string;
  spans(): readonly ReceivedSpan[];
  /** Waits until the trace has a span that satisfies the condition, and returns the spans of the trace. */
  trace(traceId: string, condition?: (span: ReceivedSpan) => boolean): Promise<readonly ReceivedSpan[]>;
};

export async function startReceiver(): Promise<Receiver> {
  const port = await freePort();
  const data = mkdtempSync(join(tmpdir(), "haven-otlp-"));
  const file = join(data, "traces.jsonl");
  const config = join(data, "config.yaml");
  writeFileSync(
    config,
    [
      `receivers: { otlp: { protocols: { http: { endpoint: "127.0.0.1:${port}" } } } }`,
      `exporters: { file: { path: ${file}, flush_interval: 100ms } }`,
      "service:",
      "  telemetry: { metrics: { level: none } }",
      "  pipelines: { traces: { receivers: [otlp], exporters: [file] } }",
      "",
    ].join("\n"),
  );
  const child = spawn(receiverProgram, ["--config", config], { stdio: ["ignore", "ignore", "pipe"] });
  let output = "";
  child.stderr.on("data", (chunk: Buffer) => (output += chunk));
  atEnd(() => {
    child.kill("SIGKILL");
    rmSync(data, { recursive: true, force: true });
  });
  const endpoint = `http://127.0.0.1:${port}`;
  const listens = () =>
    ask(endpoint).then(
      () => true,
      () => false,
    );
  await eventually(listens, Boolean, 30_000, 50).catch(() => {
    throw new Error(`The collector did not start:\n${output}`);
  });
  const text = () => (existsSync(file) ? readFileSync(file, "utf8") : "");
  // The text after the last line break is a line that the collector is still writing.
  const spans = () => text().split("\n").slice(0, -1).flatMap(spansOf);
  return {
    endpoint,
    text,
    spans,
    async trace(traceId, condition = () => true) {
      const find = () => spans().filter((span) => span.traceId === traceId);
      return await eventually(find, (found) => found.some(condition), 20_000, 50);
    },
  };
}

type Values = readonly { key: string; value: Record<string, unknown> }[];
type Batch = {
  resourceSpans: readonly {
    resource: { attributes: Values };
    scopeSpans: readonly {
      spans: readonly (Omit<ReceivedSpan, "attributes" | "events" | "failed" | "links" | "resource"> & {
        status?: { code?: number };
        attributes?: Values;
        events?: readonly { name: string; attributes?: Values }[];
        links?: ReceivedSpan["links"];
      })[];
    }[];
  }[];
};

const valuesOf = (values: Values = []): Record<string, unknown> =>
  Object.fromEntries(values.map(({ key, value }) => [key, Object.values(value)[0]]));

function spansOf(line: string): ReceivedSpan[] {
  const { resourceSpans } = JSON.parse(line) as Batch;
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map((span) => ({
        ...span,
        failed: span.status?.code === 2,
        attributes: valuesOf(span.attributes),
        events: (span.events ?? []).map(({ name, attributes }) => ({ name, attributes: valuesOf(attributes) })),
        links: span.links ?? [],
        resource: valuesOf(resource.attributes),
      })),
    ),
  );
}
