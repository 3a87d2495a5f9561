import { bytesText, timeText } from "./units.ts";

// What the readers hand to the rules: values in normal units, each with the place where it stands.

export type Place = { file: string; line: number };

type Unit = "ms" | "bytes" | "count" | "percent";

/** A number that a file told us. */
export type Told = {
  name: string;
  value: number;
  unit: Unit;
  /** Where it is written, or where it would be. */
  at: Place;
  /** Whose word it is where nobody wrote it: "nginx's default". */
  origin?: string | undefined;
};

/** A word or a block that a finding speaks of. */
export type Seen = { name: string; text: string; at: Place };

export const shown = ({ value, unit }: Pick<Told, "value" | "unit">): string => {
  if (unit === "ms") return timeText(value);
  if (unit === "bytes") return bytesText(value);
  return unit === "percent" ? `${value} %` : String(value);
};

const tellerOf =
  (unit: Unit) =>
  (name: string, value: number, at: Place, origin?: string): Told => ({ name, value, unit, at, origin });
export const ms = tellerOf("ms");
export const count = tellerOf("count");
export const size = tellerOf("bytes");
export const percent = tellerOf("percent");

export const known = <T>(values: readonly (T | undefined)[]): T[] => values.filter((value) => value !== undefined);

/** Who asks an instance whether it is well, and how patiently. */
export type Prober = {
  name: string;
  purpose: "ready" | "live" | "startup";
  at: Place;
  /** Undefined where the answer is not looked at: a connection is enough. */
  path: Seen | undefined;
  /** Some other program decides (`exec`): nothing is known of what it asks. */
  opaque: boolean;
  timeout: Told | undefined;
  interval: Told | undefined;
  /** It waits for an answer before it asks again, so that its time limit may be as long as its interval. */
  pauses?: boolean;
};

/** Something that runs instances of the application. */
export type App = {
  name: string;
  platform: "settings" | "kubernetes" | "compose" | "ecs" | "render" | "railway";
  at: Place;
  settings: Settings;
  grace: Told | undefined;
  /** Unknown where there is a hook whose length cannot be seen. */
  preStop: Told | "unknown" | undefined;
  stopSignal: Seen | undefined;
  probers: readonly Prober[];
  /** Each undefined where what is written cannot be understood. */
  replicas: { least: Told | undefined; most: Told | undefined; surge: Told | undefined } | undefined;
  heap: Told | undefined;
  memory: Told | undefined;
  /** A name for the database that it uses: those with the same share its connections. */
  database: string | undefined;
};

/** How a front finds out that an instance leaves: in `after` at the latest, by these numbers. */
export type Notice = { words: string; after: number; numbers: readonly Told[]; severity: "error" | "warning" };

export type Attempts = { connect: Told; tries: Told; total: Told | undefined };

/** Something that passes requests on to instances. */
export type Front = {
  name: string;
  kind: "nginx" | "haproxy" | "alb" | "ingress-nginx" | "gcp" | "route";
  at: Place;
  /** Names of the servers that it passes requests on to. */
  hosts: readonly string[];
  /** How long it keeps an idle connection to an instance. */
  idle: readonly Told[];
  /** How long it waits for an answer; 0 is for ever. */
  reads: readonly Told[];
  /** How long it keeps a client's idle connection. */
  clientIdle: readonly Told[];
  attempts: readonly Attempts[];
  notices: readonly Notice[];
  checks: readonly Prober[];
  /** How long it lets requests finish that are under way when it, or an instance, leaves. */
  releases: readonly Told[];
  /** The largest body that it takes, for each way in; 0 is any. */
  bodies: readonly Told[];
  /** How long it leaves out an instance that has failed. */
  quarantines: readonly Told[];
};

export type Settings = {
  /** Undefined where what is written cannot be understood. */
  number(name: string): Told | undefined;
  words(name: string): Seen | undefined;
  /** Whether any of the application's settings is written here. */
  any: boolean;
  /** The platform names it: it wins over what is known only from elsewhere. */
  has(name: string): boolean;
};

/** What a front has of which nothing is known. */
export const nothingKnown = {
  hosts: [],
  idle: [],
  reads: [],
  clientIdle: [],
  attempts: [],
  notices: [],
  checks: [],
  releases: [],
  bodies: [],
  quarantines: [],
} as const;
