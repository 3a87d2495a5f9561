export type LogFormatOptions = {
  colour: boolean;
  /** Shows the instance of each line, for the logs of several instances. */
  showInstance?: boolean;
};

const colours = { dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;
type Colour = keyof typeof colours;

const levels: Readonly<Record<string, { label: string; colour: Colour }>> = {
  trace: { label: "TRACE", colour: "dim" },
  debug: { label: "DEBUG", colour: "dim" },
  info: { label: "INFO ", colour: "cyan" },
  warn: { label: "WARN ", colour: "yellow" },
  error: { label: "ERROR", colour: "red" },
  fatal: { label: "FATAL", colour: "red" },
};

/** Fields that are shown at another place of the line, or that have the same value in all lines of a process. */
const hiddenFields = new Set(["level", "time", "service", "instance", "version", "msg", "err", "requestId", "spanId"]);
const hiddenInRequests = new Set([
  ...hiddenFields,
  "method",
  "path",
  "route",
  "status",
  "durationMs",
  "address",
  "userId",
]);

const maxLineLength = 64 * 1024;
const maxValueLength = 160;

/**
 * Formats one JSON line of the log as one line for people. Other text is returned unchanged, except that control
 * characters are replaced, so that a log cannot control the terminal.
 */
export function formatLogLine(line: string, { colour, showInstance = false }: LogFormatOptions): string {
  const paint = (name: Colour, text: string): string => (colour ? `\u001b[${colours[name]}m${text}\u001b[0m` : text);
  const entry = parseEntry(line);
  if (entry === undefined) return printable(line.slice(0, maxLineLength));
  const { label, colour: levelColour } = levels[String(entry["level"])] ??
    levels["info"] ?? { label: "", colour: "dim" };
  const parts = [
    paint("dim", timeOf(entry["time"])),
    paint(levelColour, label),
    ...(showInstance ? [paint("dim", text(entry["instance"]))] : []),
    isRequest(entry) ? requestText(entry, paint) : paintMessage(entry, levelColour, paint),
    ...("err" in entry ? [paint("red", errorText(entry["err"]))] : []),
    ...otherFields(entry).map(([name, value]) => `${paint("dim", `${name}=`)}${text(value)}`),
    ...(entry["requestId"] === undefined ? [] : [paint("dim", text(entry["requestId"]).slice(0, 8))]),
  ];
  return parts.filter((part) => part !== "").join(" ");
}

type Entry = Readonly<Record<string, unknown>>;
type Paint = (name: Colour, text: string) => string;

function parseEntry(line: string): Entry | undefined {
  if (!line.startsWith("{") || line.length > maxLineLength) return undefined;
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null && "msg" in value ? (value as Entry) : undefined;
  } catch {
    return undefined;
  }
}

const isRequest = ({ msg, method, status }: Entry): boolean =>
  msg === "request" && typeof method === "string" && typeof status === "number";

/** A request on one short line, such as `200 GET    /api/v1/auth/me 3.1 ms`. */
function requestText({ method, path, status, durationMs, aborted }: Entry, paint: Paint): string {
  const code = Number(status);
  const statusColour = code >= 500 ? "red" : code >= 400 ? "yellow" : "green";
  const duration =
    typeof durationMs === "number" ? `${durationMs < 10 ? durationMs.toFixed(1) : Math.round(durationMs)} ms` : "";
  return [
    paint(statusColour, text(status)),
    text(method).padEnd(6),
    text(path),
    paint("dim", duration),
    ...(aborted === true ? [paint("yellow", "aborted by the client")] : []),
  ].join(" ");
}

const paintMessage = ({ msg, level }: Entry, colour: Colour, paint: Paint): string =>
  level === "info" ? text(msg) : paint(colour, text(msg));

/** The code, the message and the causes: `AppError unavailable: The database …, caused by Error ECONNREFUSED`. */
function errorText(error: unknown, depth = 0): string {
  if (typeof error !== "object" || error === null) return text(error);
  const { type, code, message, cause, frames } = error as Entry;
  const head = [type, code]
    .filter((part) => part !== undefined)
    .map(text)
    .join(" ");
  const location = depth === 0 && Array.isArray(frames) && message !== undefined ? ` (${text(frames[0])})` : "";
  const description = message === undefined ? head : `${head}: ${text(message)}${location}`;
  return cause === undefined || depth > 2 ? description : `${description}, caused by ${errorText(cause, depth + 1)}`;
}

const otherFields = (entry: Entry): [string, unknown][] =>
  Object.entries(entry).filter(
    ([name, value]) =>
      value !== undefined &&
      !(isRequest(entry) ? hiddenInRequests : hiddenFields).has(name) &&
      name !== "change" &&
      name !== "engine" &&
      name !== "aborted",
  );

/** The time of day in the time zone of this machine, because a person at this machine reads it. */
function timeOf(time: unknown): string {
  const at = new Date(typeof time === "number" || typeof time === "string" ? time : Number.NaN);
  if (Number.isNaN(at.getTime())) return "--:--:--.---";
  const digits = (value: number, width = 2) => String(value).padStart(width, "0");
  return `${digits(at.getHours())}:${digits(at.getMinutes())}:${digits(at.getSeconds())}.${digits(at.getMilliseconds(), 3)}`;
}

/** Of a list with more values, only the first value, the last value and the length are shown. */
const maxListedValues = 4;

function text(value: unknown): string {
  if (Array.isArray(value) && value.length > maxListedValues)
    return `${text(value[0])} … ${text(value.at(-1))} (${value.length})`;
  const raw = typeof value === "string" ? value : (JSON.stringify(value) ?? "");
  return printable(raw.length > maxValueLength ? `${raw.slice(0, maxValueLength)}…` : raw);
}

/** Replaces control characters, line separators, and characters that change the text direction by spaces. */
const printable = (raw: string): string => raw.replaceAll(/[\p{Cc}\u2028-\u202e\u2066-\u2069]+/gu, " ");
