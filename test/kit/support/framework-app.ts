import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { atEnd } from "../../shared/at-end.ts";
import { eventually } from "../../shared/eventually.ts";
import { freePort } from "../../shared/free-port.ts";
import { ask } from "../../shared/requests/http.ts";
import { frameworksFolder } from "./frameworks.ts";
import { projectWithKit } from "./installed-kit.ts";

const sources = fileURLToPath(new URL("../frameworks/apps", import.meta.url));

export const frameworks = ["node-http", "express4", "express5", "fastify", "koa", "nestjs", "hono"] as const;
export type Framework = (typeof frameworks)[number];

/** Creates a project with the packed kit and all frameworks, in which the apps can be started. */
export async function projectWithFrameworks(): Promise<string> {
  const project = await projectWithKit();
  project.linkFrom(frameworksFolder);
  cpSync(sources, project.folder, { recursive: true });
  return project.folder;
}

/** Starts the dependency of the apps, which can be made unavailable. */
export async function startShop() {
  const port = await freePort();
  let server: Server | undefined;
  const stop = () => {
    server?.close();
    server?.closeAllConnections();
  };
  const start = async () => {
    server = createServer((_request, response) => response.end("open")).listen(port, "127.0.0.1");
    await once(server, "listening");
  };
  await start();
  atEnd(stop);
  return { url: `http://127.0.0.1:${port}/`, start, stop };
}

export type StartOptions = { folder: string; shopUrl: string; node?: string; port?: number; drain?: string };

/** Starts the app of a framework as a process, and waits until it is ready. */
export async function startApp(
  framework: Framework,
  { folder, shopUrl, node, port: requestedPort, drain }: StartOptions,
) {
  const port = requestedPort ?? (await freePort());
  const child = spawn(node ?? process.execPath, [join(folder, `${framework}.mjs`)], {
    cwd: folder,
    env: {
      ...process.env,
      npm_lifecycle_event: undefined,
      PORT: String(port),
      SHOP_URL: shopUrl,
      ...(drain !== undefined && { DRAIN: drain }),
    },
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  atEnd(() => child.kill("SIGKILL"));
  const exited = once(child, "exit");
  let stderr = "";
  child.stderr?.on("data", (chunk: Buffer) => (stderr += chunk));
  const url = `http://127.0.0.1:${port}`;
  const readyStatus = () =>
    ask(`${url}/ready`).then(
      (answer) => answer.status,
      () => 0,
    );
  await eventually(readyStatus, (status) => status === 200 || child.exitCode !== null, 20_000);
  if (child.exitCode !== null) throw new Error(`the app of ${framework} exited with ${child.exitCode}: ${stderr}`);
  return { child, exited, url, port, readyStatus };
}

export type FrameworkApp = Awaited<ReturnType<typeof startApp>>;
