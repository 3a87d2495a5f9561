import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, globSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { atEnd } from "../../shared/at-end.ts";
import { eventually } from "../../shared/eventually.ts";
import { ask } from "../../shared/requests/http.ts";
import { runProgram } from "../../shared/run-program.ts";
import { edgeHost, opsToken } from "./shell.ts";

export type Program = { start(): void; stop(): Promise<void>; log(): string; state(): string };

const alertsAnswer = z.object({
  data: z.object({ alerts: z.array(z.object({ labels: z.record(z.string(), z.string()) })) }),
});

/** Starts Prometheus, Alertmanager and the exporters on a copy of the shipped files in this folder. */
export async function startMonitoring(folder: string) {
  shortenIntervals(folder);
  // The runbook calls promtool with the path of the installed configuration.
  await runProgram("mount", ["--bind", folder, "/etc/prometheus"]);
  const programs = {
    "nginx-exporter": createProgram(folder, "prometheus-nginx-exporter", [
      "-nginx.scrape-uri=http://127.0.0.1:8081/nginx_status",
    ]),
    blackbox: createProgram(folder, "prometheus-blackbox-exporter", ["--config.file=blackbox.yml"]),
    "nginx-log-exporter": createProgram(folder, process.execPath, ["nginx-log-exporter.js"]),
    alertmanager: createProgram(folder, "prometheus-alertmanager", [
      "--config.file=alertmanager.yml",
      "--storage.path=/run/alertmanager",
      "--cluster.listen-address=",
    ]),
    prometheus: createProgram(folder, "prometheus", [
      "--config.file=prometheus.yml",
      "--storage.tsdb.path=/run/prometheus",
      "--web.enable-lifecycle",
      // Prometheus shows the last values of a removed job or a dropped metric for this time: 5 minutes by default.
      "--query.lookback-delta=15s",
    ]),
  };
  for (const program of Object.values(programs)) program.start();
  const reload = () => ask("http://localhost:9090/-/reload", { method: "POST" });
  await eventually(
    () =>
      ask("http://localhost:9090/-/ready").then(
        ({ status }) => status,
        () => 0,
      ),
    (status) => status === 200,
    20_000,
    100,
  );
  const isPending = async (alert: string): Promise<boolean> => {
    const answer = await ask("http://localhost:9090/api/v1/alerts");
    return alertsAnswer.parse(answer.json()).data.alerts.some(({ labels }) => labels["alertname"] === alert);
  };
  return {
    folder,
    programs,
    isPending,
    /** Changes a file, reloads Prometheus, and returns a function that undoes the change. */
    async edit(file: string, change: (text: string) => string) {
      const path = join(folder, file);
      const before = readFileSync(path, "utf8");
      writeFileSync(path, change(before));
      await reload();
      return async () => {
        writeFileSync(path, before);
        await reload();
      };
    },
  };
}

/** Shortens intervals and windows, so that an alert becomes pending soon after its cause, and ends soon after the repair. */
function shortenIntervals(folder: string): void {
  for (const name of ["haproxy", "nginx", "access-log", "edge"])
    cpSync(join(folder, `targets/${name}.yml.example`), join(folder, `targets/${name}.yml`));
  const edge = join(folder, "targets/edge.yml");
  writeFileSync(edge, readFileSync(edge, "utf8").replace("https://edge/", `https://${edgeHost}/`));
  writeFileSync(join(folder, "ops_token"), opsToken);
  for (const file of [join(folder, "prometheus.yml"), ...globSync(`${folder}/rules/*.yml`)]) {
    const text = readFileSync(file, "utf8")
      .replaceAll(/(scrape|evaluation)_interval: 15s/g, "$1_interval: 1s")
      .replaceAll("scrape_timeout: 10s", "scrape_timeout: 900ms")
      .replace("job_name: edge\n", "job_name: edge\n    scrape_interval: 3s\n    scrape_timeout: 3s\n")
      .replaceAll(/^( {4}interval:) \w+$/gm, "$1 1s")
      .replaceAll("[30m]", "[60s]")
      .replaceAll(/\[(?:\d+m|6h|1d|3d|2h)\]/g, "[15s]")
      .replaceAll("[1h]", "[30s]")
      .replaceAll("offset 10m", "offset 20s");
    writeFileSync(file, text);
  }
}

function createProgram(cwd: string, command: string, args: readonly string[]): Program {
  let child: ChildProcess | undefined;
  let output = "";
  const isRunning = () => child !== undefined && child.exitCode === null && child.signalCode === null;
  const stop = async () => {
    if (child === undefined || !isRunning()) return;
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  };
  atEnd(stop);
  return {
    start() {
      child = spawn(command, args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
      for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk: Buffer) => (output += chunk));
    },
    stop,
    log: () => output,
    state: () => (isRunning() ? "running" : "exited"),
  };
}
