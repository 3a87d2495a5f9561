import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";

// Reads the compose files as Compose does, but stricter: an unknown key is an error.

const text = z.union([z.string(), z.number().transform(String)]);

const dependencies = z.record(
  z.string(),
  z.strictObject({ condition: z.enum(["service_healthy", "service_completed_successfully"]) }),
);

const healthcheck = z.union([
  z.strictObject({ disable: z.literal(true) }),
  z.strictObject({
    test: z.tuple([z.enum(["CMD", "CMD-SHELL"])], z.string()),
    interval: z.string(),
    timeout: z.string(),
    retries: z.number(),
    start_period: z.string(),
  }),
]);

const attachment = z.strictObject({ ipv4_address: z.string().optional(), aliases: z.array(z.string()).optional() });

const attachments = z
  .union([z.array(z.string()), z.record(z.string(), attachment)])
  .transform((networks) =>
    Array.isArray(networks) ? Object.fromEntries(networks.map((name) => [name, {}])) : networks,
  )
  .pipe(z.record(z.string(), attachment));

const limits = z.strictObject({ memory: z.string(), pids: z.number(), cpus: z.string().optional() });

const service = z.strictObject({
  image: z.string(),
  build: z
    .strictObject({ context: z.string(), dockerfile: z.string(), args: z.record(z.string(), z.string()) })
    .optional(),
  command: z.array(z.string()).optional(),
  user: z.string().optional(),
  profiles: z.array(z.string()).optional(),
  environment: z.record(z.string(), text.nullable()).default({}),
  env_file: z.array(z.strictObject({ path: z.string(), required: z.literal(false) })).optional(),
  ports: z.array(z.string()).default([]),
  volumes: z.array(z.string()).default([]),
  tmpfs: z.array(z.string()).default([]),
  shm_size: z.string().optional(),
  extra_hosts: z.array(z.string()).default([]),
  networks: attachments,
  depends_on: dependencies.default({}),
  healthcheck,
  stop_grace_period: z.string().default("10s"),
  restart: z.enum(["unless-stopped", "no"]),
  read_only: z.literal(true),
  cap_drop: z.tuple([z.literal("ALL")]),
  cap_add: z.array(z.string()).default([]),
  security_opt: z.tuple([z.literal("no-new-privileges:true")]),
  logging: z.strictObject({
    driver: z.literal("json-file"),
    options: z.strictObject({ "max-size": z.string(), "max-file": z.string() }),
  }),
  deploy: z.strictObject({
    replicas: text.optional(),
    resources: z.strictObject({ limits, reservations: z.strictObject({ memory: z.string() }).optional() }),
  }),
});

const network = z
  .strictObject({
    internal: z.literal(true).optional(),
    ipam: z
      .strictObject({ config: z.tuple([z.strictObject({ subnet: z.string(), ip_range: z.string() })]) })
      .optional(),
  })
  .nullable();

const file = z.strictObject({
  name: z.string(),
  services: z.record(z.string(), service),
  networks: z.record(z.string(), network),
  volumes: z.record(z.string(), z.null()),
});

export type Service = z.infer<typeof service>;
export type Layout = "lb" | "scale";
export const layouts: readonly Layout[] = ["lb", "scale"];

export const textOf = (layout: Layout): string =>
  readFileSync(new URL(`../../docker/docker-compose.${layout}.yml`, import.meta.url), "utf8");

const expansion = /\$(?:(\$)|\{([A-Z][A-Z0-9_]*)(?:(:[-?])([^}]*))?\})/g;

/** Returns the environment variables of the file: the required ones, and those with a default. */
export function variablesOf(layout: Layout): { required: Set<string>; optional: Set<string> } {
  const found = { required: new Set<string>(), optional: new Set<string>() };
  for (const [, , name, kind] of textOf(layout).matchAll(expansion))
    if (name !== undefined) found[kind === ":?" ? "required" : "optional"].add(name);
  return found;
}

type ComposeFile = z.infer<typeof file>;

const parsedFiles = new Map<Layout, ComposeFile>();

/**
 * Returns the file with the variables inserted. If no variables are passed, sample values are inserted for the required
 * ones.
 */
export function read(layout: Layout, variables?: Readonly<Record<string, string>>): ComposeFile {
  const found = variables === undefined ? parsedFiles.get(layout) : undefined;
  if (found !== undefined) return found;
  const composeFile = readWith(layout, variables ?? sampleVariables(layout));
  if (variables === undefined) parsedFiles.set(layout, composeFile);
  return composeFile;
}

function readWith(layout: Layout, variables: Readonly<Record<string, string>>): ComposeFile {
  const expand = (value: string) =>
    value.replaceAll(expansion, (_, escaped?: string, name = "", kind = "", word = "") => {
      if (escaped !== undefined) return "$";
      if (variables[name]) return variables[name];
      if (kind === ":?") throw new Error(`${name}: ${word}`);
      return word;
    });
  const { name, services, networks, volumes } = Object(parse(textOf(layout), { merge: true }));
  return file.parse(mapStrings({ name, services, networks, volumes }, expand));
}

/** Returns a value for every required variable. */
export const sampleVariables = (layout: Layout): Record<string, string> =>
  Object.fromEntries(
    [...variablesOf(layout).required].map((name) => [name, `${name.toLowerCase()}-${"0a".repeat(20)}`]),
  );

function mapStrings(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === "string") return change(value);
  if (Array.isArray(value)) return value.map((one) => mapStrings(one, change));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, mapStrings(one, change)]));
}

export function serviceOf(layout: Layout, name: string): Service {
  const found = read(layout).services[name];
  if (found === undefined) throw new Error(`docker-compose.${layout}.yml has no ${name}`);
  return found;
}

export const instancesOf = (layout: Layout): string[] =>
  layout === "lb" ? ["api-server-1", "api-server-2", "api-server-3"] : ["app"];

/** Returns the mounts of files of the project: the source (relative to docker/) and the target. */
export const bindsOf = ({ volumes }: Service): { source: string; target: string; mode: string | undefined }[] =>
  volumes
    .filter((volume) => volume.startsWith("."))
    .map((volume) => {
      const [source = "", target = "", mode] = volume.split(":");
      return { source, target, mode };
    });

export function secondsOf(duration: string): number {
  const [, number, unit] = /^(\d+)(s|m)$/.exec(duration) ?? [];
  if (number === undefined) throw new Error(`${duration} is not a duration`);
  return Number(number) * (unit === "m" ? 60 : 1);
}

export function bytesOf(size: string): number {
  const [, number, unit] = /^(\d+)([MG])$/.exec(size) ?? [];
  if (number === undefined) throw new Error(`${size} is not a size`);
  return Number(number) * 2 ** (unit === "G" ? 30 : 20);
}

/**
 * Returns the settings of a service. A secret that comes from a file has the content of that file, which
 * load-balancer-setup.sh has written under `folder`.
 */
export function settingsOf(service: Service, folder: string): Record<string, string> {
  const settings = Object.entries(service.environment).map(([name, value]) => {
    const mount = bindsOf(service).find(({ target }) => value?.startsWith(`${target}/`) === true);
    if (mount === undefined || !name.endsWith("_FILE")) return [name, value ?? ""];
    const file = join(folder, mount.source, (value ?? "").slice(mount.target.length + 1));
    return [name.replace(/_FILE$/, ""), readFileSync(file, "utf8")];
  });
  return Object.fromEntries(settings);
}

/** Returns the variables in an .env file. */
export const settingsIn = (text: string): Record<string, string> =>
  Object.fromEntries([...text.matchAll(/^([A-Z_]+)=(.*)$/gm)].map(([, name = "", value = ""]) => [name, value]));
