import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { atEnd } from "../at-end.ts";
import { eventually } from "../eventually.ts";
import { ask } from "../requests/http.ts";
import { type Outcome, runProgram } from "../run-program.ts";

const shipped = (folder: string) => fileURLToPath(new URL(`../../../${folder}/`, import.meta.url));

export type RunningProxy = {
  readonly name: "nginx" | "haproxy";
  /** Returns the access log and the messages of the proxy. */
  log(): string;
  /** Returns the access log as bytes, because it may contain bytes that are not valid UTF-8. */
  logBytes(): Buffer;
  accessLog(): AccessLine[];
  reload(): Promise<void>;
  stop(): Promise<void>;
};

let running: RunningProxy | undefined;

/** Registers the running proxy, and returns it. Only one proxy at a time can use the ports of the shipped files. */
const register = (proxy: RunningProxy): RunningProxy => {
  running = proxy;
  return proxy;
};

/** Stops a running proxy, also one that a failed test has left running. */
export const stopProxy = async (): Promise<void> => running?.stop();

export type AccessLine = Record<string, unknown> & { requestId: string; path: string; status: number };

/** Creates a certificate for localhost, which the test client trusts. */
export async function makeCertificate(folder: string, key: string, certificate: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,DNS:api.haven.com"];
  const files = ["-keyout", `${folder}/${key}`, "-out", `${folder}/${certificate}`];
  const request = ["req", "-x509", "-nodes", "-days", "2", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
  const { code, output } = await runProgram("openssl", [...request, ...subject, ...files]);
  if (code !== 0) throw new Error(output);
}

/** Returns the path of a variant. A variant for newer versions of nginx has `-from-` and the version in its name. */
const variantPath = (variant: string): string => `${variant.includes("-from-") ? "newer" : "variants"}/${variant}`;

/** Returns the file in haven/ that a variant replaces, read from its first line. */
export const replacedBy = (variant: string): string =>
  /Replaces (haven\/[a-z0-9-]+\.conf)/.exec(readFileSync(shipped("nginx") + variantPath(variant), "utf8"))?.[1] ?? "";

/** Installs an exact copy of the shipped folder as /etc/nginx, with the variants in place. */
export async function installNginx(variants: readonly string[] = []): Promise<void> {
  for (const name of readdirSync("/etc/nginx")) rmSync(`/etc/nginx/${name}`, { recursive: true });
  cpSync(shipped("nginx"), "/etc/nginx", { recursive: true });
  for (const variant of variants) cpSync(`/etc/nginx/${variantPath(variant)}`, `/etc/nginx/${replacedBy(variant)}`);
  await makeCertificate("/etc/nginx/ssl", "key.pem", "cert.pem");
}

/** Returns whether the installed nginx has at least this version. */
export async function nginxIsAtLeast(atLeast: string): Promise<boolean> {
  const { output } = await runProgram("nginx", ["-v"]);
  return compareVersions(/nginx\/([\d.]+)/.exec(output)?.[1] ?? "", atLeast) >= 0;
}

/** Returns whether the installed haproxy has at least this version. */
export async function haproxyIsAtLeast(atLeast: string): Promise<boolean> {
  const { output } = await runProgram("haproxy", ["-v"]);
  return compareVersions(/version ([\d.]+)/.exec(output)?.[1] ?? "", atLeast) >= 0;
}

const compareVersions = (left: string, right: string): number => left.localeCompare(right, "en", { numeric: true });

export const checkNginx = (): Promise<Outcome> => runProgram("nginx", ["-t"]);

export async function startNginx({ variants = [] }: { variants?: readonly string[] } = {}): Promise<RunningProxy> {
  await installNginx(variants);
  rmSync("/var/cache/haven-uploads", { recursive: true, force: true });
  const child = spawn("nginx", ["-g", "daemon off;"], { stdio: ["ignore", "inherit", "inherit"] });
  const stop = stopper(child, "SIGTERM");
  atEnd(stop);
  await waitUntilOk("http://127.0.0.1:8081/nginx_status", child);
  const read = (file: string) => (existsSync(file) ? readFileSync(file, "utf8") : "");
  return register({
    name: "nginx",
    log: () => read("/var/log/nginx/access.log") + read("/var/log/nginx/error.log"),
    logBytes: () => readFileSync("/var/log/nginx/access.log"),
    accessLog: () => jsonLines(read("/var/log/nginx/access.log")),
    async reload() {
      const { code, output } = await runProgram("nginx", ["-s", "reload"]);
      if (code !== 0) throw new Error(output);
    },
    async stop() {
      await stop();
      rmSync("/var/log/nginx/access.log", { force: true });
    },
  });
}

export async function installHaproxy(): Promise<void> {
  cpSync(shipped("haproxy"), "/etc/haproxy", { recursive: true });
  const folder = "/etc/haproxy/certs";
  await makeCertificate(folder, "haven.key", "haven.crt");
  writeFileSync(
    `${folder}/haven.pem`,
    readFileSync(`${folder}/haven.crt`, "utf8") + readFileSync(`${folder}/haven.key`),
  );
  for (const part of ["haven.key", "haven.crt"]) rmSync(`${folder}/${part}`);
}

const haproxyFile = "/etc/haproxy/haproxy.cfg";
const haproxyArguments = ["-W", "-f", haproxyFile];

export const checkHaproxy = (env: Record<string, string> = {}): Promise<Outcome> =>
  runProgram("haproxy", ["-c", ...haproxyArguments.slice(1)], { env: { ...process.env, ...env } });

export type HaproxyOptions = {
  env?: Record<string, string>;
  until?: "up" | "answers";
  /** Instances in addition to the three of the shipped file, by name and address. */
  more?: readonly (readonly [name: string, address: string])[];
  /** Returns the installed copy of the shipped file with a change that only a test needs. */
  edit?: (file: string) => string;
};

export async function startHaproxy(options: HaproxyOptions = {}): Promise<RunningProxy> {
  const { env = {}, until = "up", more = [], edit } = options;
  await installHaproxy();
  addServers(more);
  if (edit !== undefined) writeFileSync(haproxyFile, edit(readFileSync(haproxyFile, "utf8")));
  const child = spawn("haproxy", haproxyArguments, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, HAPROXY_STATS_PASSWORD: statsPassword, ...env },
  });
  let output = "";
  const written: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => written.push(chunk));
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk));
  const stop = stopper(child, "SIGTERM");
  atEnd(stop);
  await waitUntilOk("http://127.0.0.1:8404/metrics", child, () => output);
  if (until === "up") await allUp();
  return register({
    name: "haproxy",
    log: () => output,
    logBytes: () => Buffer.concat(written),
    accessLog: () => jsonLines(output),
    async reload() {
      const pid = async () => /^Pid: (\d+)/m.exec(await runtime("show info"))?.[1];
      const before = await pid().catch(() => "");
      child.kill("SIGUSR2");
      await eventually(
        () => pid().catch(() => before),
        (now) => now !== before,
        10_000,
        50,
      );
    },
    stop,
  });
}

function addServers(more: readonly (readonly [name: string, address: string])[]): void {
  const last = "    server api-server-3 api-server-3:4000\n";
  const lines = more.map(([name, address]) => `    server ${name} ${address}\n`);
  writeFileSync(haproxyFile, readFileSync(haproxyFile, "utf8").replace(last, last + lines.join("")));
}

export const statsPassword = "a-password-of-the-test";

/** Sends a command to the runtime socket, as an operator does. */
export async function runtime(command: string): Promise<string> {
  const { code, output } = await runProgram("socat", ["-t5", "stdio", "UNIX-CONNECT:/var/run/haproxy.sock"], {
    input: `${command}\n`,
  });
  if (code !== 0) throw new Error(output);
  return output;
}

export type ServerState = { status: string; sessions: number; check: string };

/** Returns the state of each instance in HAProxy. */
export async function serverStates(): Promise<Record<string, ServerState>> {
  const rows = (await runtime("show stat haven_api 4 -1")).split("\n").map((line) => line.split(","));
  const names = rows[0] ?? [];
  const at = (row: string[], name: string) => row[names.indexOf(name)] ?? "";
  return Object.fromEntries(
    rows
      .slice(1)
      .filter((row) => row.length > 10)
      .map((row) => [
        at(row, "svname"),
        { status: at(row, "status"), sessions: Number(at(row, "scur")), check: at(row, "check_status") },
      ]),
  );
}

export const allUp = (): Promise<unknown> =>
  eventually(
    () => serverStates().catch(() => ({})),
    (states) => Object.values(states).length > 0 && Object.values(states).every(({ status }) => status === "UP"),
    10_000,
    100,
  );

function stopper(child: ChildProcess, signal: NodeJS.Signals): () => Promise<void> {
  return async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill(signal);
    await exited;
  };
}

async function waitUntilOk(url: string, child: ChildProcess, output = () => ""): Promise<void> {
  const status = () =>
    ask(url).then(
      (answer) => answer.status,
      () => 0,
    );
  const lastStatus = await eventually(
    () => (child.exitCode === null ? status() : -1),
    (code) => code === 200 || code === -1,
    10_000,
    50,
  );
  if (lastStatus !== 200) throw new Error(`${child.spawnfile} did not start.\n${output()}`);
}

const jsonLines = (text: string): AccessLine[] =>
  text
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line));
