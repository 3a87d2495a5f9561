/**
 * A metric with its samples read at the moment of the scrape.
 * @example
 * const family: Family = {
 *   name: "queue_length",
 *   help: "Jobs that wait.",
 *   type: "gauge",
 *   samples: () => [{ labels: {}, value: queue.length }],
 * };
 */
export type Family = {
  /** The name of the metric. */
  name: string;
  /** One sentence about the metric. */
  help: string;
  /** The type of the metric. */
  type: "counter" | "gauge" | "histogram" | "summary";
  /** Returns the current samples. */
  samples(): readonly Sample[];
};

export type Sample = {
  labels: Readonly<Record<string, string | number>>;
  value: number;
  suffix?: "_bucket" | "_sum" | "_count";
  /** Only in the OpenMetrics format. */
  exemplar?: Exemplar;
};

/** One measured value and the trace of its request. */
export type Exemplar = { traceId: string; value: number; atSeconds: number };

/**
 * The format that a scraper asks for.
 * @example const format: ExpositionFormat = "openmetrics";
 */
export type ExpositionFormat = "prometheus" | "openmetrics";

/**
 * The body of `/metrics` and its content type.
 * @example const { contentType, body }: Exposition = await sink.expose("prometheus");
 */
export type Exposition = {
  /** The header `Content-Type`. */
  contentType: string;
  /** The text of the metrics. */
  body: string;
};

const prometheusType = "text/plain; version=0.0.4; charset=utf-8";
const openMetricsType = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/** Writes the metrics in one of the two formats. prom-client cannot: its format applies to all scrapes at the same time. */
export function expose(families: Iterable<Family>, format: ExpositionFormat): Exposition {
  const isOpenMetrics = format === "openmetrics";
  const lines: string[] = [];
  for (const family of families) {
    const isCounter = family.type === "counter";
    const base = isCounter && isOpenMetrics ? family.name.replace(/_total$/, "") : family.name;
    lines.push(`# HELP ${base} ${escapeText(family.help)}`, `# TYPE ${base} ${family.type}`);
    const sampleName = isCounter && isOpenMetrics ? `${base}_total` : family.name;
    for (const { labels, value, suffix, exemplar } of family.samples()) {
      const example = isOpenMetrics && exemplar !== undefined ? exemplarText(exemplar) : "";
      lines.push(`${sampleName}${suffix ?? ""}${labelText(labels)} ${numberText(value)}${example}`);
    }
  }
  if (isOpenMetrics) lines.push("# EOF");
  return { contentType: isOpenMetrics ? openMetricsType : prometheusType, body: `${lines.join("\n")}\n` };
}

function labelText(labels: Sample["labels"]): string {
  const parts = Object.entries(labels).map(
    ([name, value]) => `${name}="${escapeText(String(value)).replaceAll('"', '\\"')}"`,
  );
  return parts.length === 0 ? "" : `{${parts.join(",")}}`;
}

const exemplarText = ({ traceId, value, atSeconds }: Exemplar): string =>
  ` # {trace_id="${traceId}"} ${numberText(value)} ${atSeconds.toFixed(3)}`;

const escapeText = (text: string): string => text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");

function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "+Inf";
  if (value === Number.NEGATIVE_INFINITY) return "-Inf";
  return String(value);
}
