import { closestWord } from "../core/spelling.ts";

// Reads a Postgres URL as libpq does: several hosts, socket directories, and parameters.
// https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS

const sslModes = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full", "no-verify"] as const;
const sessionAttributes = ["any", "read-write", "read-only", "primary", "standby", "prefer-standby"] as const;

export type SslMode = (typeof sslModes)[number];
export type SessionAttributes = (typeof sessionAttributes)[number];

export type PostgresHost = {
  /** A name, an address, or the directory of a Unix socket; undefined: the driver's default. */
  host: string | undefined;
  /** The address to connect to, so that the name is not looked up. */
  address: string | undefined;
  port: number;
};

export type PostgresAddress = {
  hosts: readonly PostgresHost[];
  randomOrder: boolean;
  user: string | undefined;
  password: string | undefined;
  database: string | undefined;
  targetSession: SessionAttributes;
  connectTimeoutMs: number | undefined;
  sslMode: SslMode | undefined;
  sslDirect: boolean;
  sslFiles: { ca: string | undefined; cert: string | undefined; key: string | undefined };
  sslKeyPassphrase: string | undefined;
  sslMinVersion: string | undefined;
  channelBinding: boolean;
  applicationName: string | undefined;
  /** Command-line options for the session, such as `-c search_path=haven`. */
  options: string | undefined;
};

/** Describes the error without repeating the URL, which contains the password. */
export class PostgresUrlError extends Error {
  override readonly name = "PostgresUrlError";
}

const supported: ReadonlySet<string> = new Set([
  ...["host", "hostaddr", "port", "user", "password", "dbname", "load_balance_hosts", "target_session_attrs"],
  ...["connect_timeout", "application_name", "options", "channel_binding", "gssencmode"],
  ...[
    "ssl",
    "sslmode",
    "sslnegotiation",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "sslpassword",
    "ssl_min_protocol_version",
  ],
]);

/** Parameters that change the connection and are not supported. */
const unsupported = ["service", "servicefile", "passfile", "require_auth", "requirepeer", "sslcrl", "sslcrldir"];

export function readPostgresUrl(url: string): PostgresAddress {
  const match = /^postgres(?:ql)?:\/\/(?:([^/?]*)@)?([^/?]*)(?:\/([^?]*))?(?:\?(.*))?$/s.exec(url);
  if (match === null) throw new PostgresUrlError("must be a URL that starts with postgres:// or postgresql://");
  const [, userInfo = "", hostList = "", path = "", query = ""] = match;
  const [user, password] = splitOnce(userInfo, ":").map(decode);
  const parameters = readParameters(query);
  for (const name of parameters.keys()) refuseParameter(name);
  if (parameters.get("gssencmode") === "require")
    throw new PostgresUrlError("has gssencmode=require, which is not supported");
  if (parameters.get("channel_binding") === "require" && parameters.get("sslmode") === "disable")
    throw new PostgresUrlError("has sslmode=disable and channel_binding=require, which needs TLS");
  return {
    hosts: readHosts(hostList, parameters),
    randomOrder: oneOf(["disable", "random"], "load_balance_hosts", parameters) === "random",
    user: parameters.get("user") || user || undefined,
    password: parameters.get("password") || password || undefined,
    database: parameters.get("dbname") || decode(path) || undefined,
    targetSession: oneOf(sessionAttributes, "target_session_attrs", parameters) ?? "any",
    connectTimeoutMs: readTimeout(parameters.get("connect_timeout")),
    // JDBC and node-postgres have the parameter `ssl` instead of `sslmode`.
    sslMode: oneOf(sslModes, "sslmode", parameters) ?? sslModeOf(parameters.get("ssl")),
    sslDirect: oneOf(["postgres", "direct"], "sslnegotiation", parameters) === "direct",
    sslFiles: {
      ca: parameters.get("sslrootcert"),
      cert: parameters.get("sslcert"),
      key: parameters.get("sslkey"),
    },
    sslKeyPassphrase: parameters.get("sslpassword"),
    sslMinVersion: oneOf(["TLSv1.2", "TLSv1.3"], "ssl_min_protocol_version", parameters),
    channelBinding: oneOf(["disable", "prefer", "require"], "channel_binding", parameters) === "require",
    applicationName: parameters.get("application_name"),
    options: parameters.get("options"),
  };
}

/** Parameters of other drivers are ignored, but not those that look like a misspelt one, such as `sslmod=verify-full`. */
function refuseParameter(name: string): void {
  if (unsupported.includes(name)) throw new PostgresUrlError(`has the parameter ${name}, which is not supported`);
  const suggestion =
    closestWord(name.toLowerCase(), supported) ?? (supported.has(name.toLowerCase()) ? name.toLowerCase() : undefined);
  if (suggestion !== undefined && suggestion !== name)
    throw new PostgresUrlError(`has the unknown parameter ${name}; ${suggestion} is probably meant`);
}

/** As in libpq, 0 and negative numbers set no limit. */
function readTimeout(seconds: string | undefined): number | undefined {
  if (seconds === undefined || seconds === "") return undefined;
  if (!/^-?\d{1,6}$/.test(seconds)) throw new PostgresUrlError("must have a number of seconds as connect_timeout");
  return Number(seconds) > 0 ? Number(seconds) * 1000 : undefined;
}

function readHosts(hostList: string, parameters: ReadonlyMap<string, string>): PostgresHost[] {
  const listedHosts = hostList === "" ? [] : hostList.split(",").map(readHostAndPort);
  const hosts = parameters.get("host")?.split(",") ?? listedHosts.map(({ host }) => host);
  const addresses = parameters.get("hostaddr")?.split(",") ?? [];
  const ports = parameters.get("port")?.split(",") ?? listedHosts.map(({ port }) => port);
  const count = Math.max(1, hosts.length, addresses.length);
  if (addresses.length > 0 && hosts.length > 0 && addresses.length !== hosts.length)
    throw new PostgresUrlError("must have as many entries in hostaddr as in host");
  if (ports.length > 1 && ports.length !== count)
    throw new PostgresUrlError("must have one port, or one for each host");
  return Array.from({ length: count }, (_, index) => ({
    host: hosts[index] || addresses[index] || undefined,
    address: addresses[index] || undefined,
    port: readPort(ports.length === 1 ? ports[0] : ports[index]),
  }));
}

function readHostAndPort(entry: string): { host: string; port: string } {
  const match = /^(\[[^\]]*\]|[^:]*)(?::(\d*))?$/.exec(entry);
  if (match === null)
    throw new PostgresUrlError("must have hosts such as host, host:port or [IPv6]:port, separated by commas");
  return { host: decode((match[1] ?? "").replace(/^\[(.*)\]$/, "$1")), port: match[2] ?? "" };
}

function readPort(text: string | undefined): number {
  const port = Number(text || 5432);
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new PostgresUrlError("must have ports from 1 to 65535");
  return port;
}

function readParameters(query: string): Map<string, string> {
  const pairs = query === "" ? [] : query.split("&").map((pair) => splitOnce(pair, "=").map(decode));
  return new Map(pairs.map(([name = "", value = ""]) => [name, value]));
}

function oneOf<const Values extends readonly string[]>(
  values: Values,
  name: string,
  parameters: ReadonlyMap<string, string>,
): Values[number] | undefined {
  const text = parameters.get(name);
  if (text === undefined || text === "") return undefined;
  const known = values.find((value) => value === text);
  if (known === undefined) throw new PostgresUrlError(`must have one of these as ${name}: ${values.join(", ")}`);
  return known;
}

function sslModeOf(ssl: string | undefined): SslMode | undefined {
  if (ssl === "true" || ssl === "1") return "verify-full";
  return ssl === "no-verify" ? "no-verify" : undefined;
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new PostgresUrlError("must have percent signs encoded as %25");
  }
}
