import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, cpSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { atEnd } from "../../shared/at-end.ts";
import { eventually } from "../../shared/eventually.ts";
import { ask, postJson } from "../../shared/requests/http.ts";
import { bearer, signedIn } from "../../shared/requests/people.ts";
import { escapeHtml, terminalToHtml } from "./terminal-to-html.ts";

const project = new URL("../../../", import.meta.url);
const url = "http://127.0.0.1:4000";
const demo = { email: "demo@haven.example", password: "demo-password" };
const columns = 132;

/** A folder in which npm start has never run. */
function freshCheckout(): string {
  const folder = mkdtempSync(join(tmpdir(), "haven-terminal-"));
  chmodSync(folder, 0o755);
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  cpSync(new URL("package.json", project), join(folder, "package.json"));
  for (const name of ["src", "node_modules"]) symlinkSync(fileURLToPath(new URL(name, project)), join(folder, name));
  return folder;
}

/** Runs npm start on a terminal for the first time, sends four requests, and stops it with Ctrl-C. Returns the screen. */
async function firstStart(): Promise<string> {
  const folder = freshCheckout();
  const command = `stty rows 60 cols ${columns}; exec npm start`;
  // util-linux's `script` runs the command on a terminal of its own.
  const terminal = spawn("script", ["-qefc", command, "/dev/null"], {
    cwd: folder,
    env: { PATH: process.env["PATH"], HOME: folder, TERM: "xterm-256color", OVERLOAD_DELAY_MS: "0" },
    stdio: ["pipe", "pipe", "inherit"],
  });
  atEnd(() => end(terminal));
  let screen = "";
  terminal.stdout.on("data", (chunk: Buffer) => (screen += chunk));
  const waitForText = (text: string) =>
    eventually(
      () => screen,
      (seen) => seen.includes(text),
      90_000,
    );
  await waitForText("Press Ctrl-C to stop.");
  const person = signedIn(await postJson(`${url}/api/v1/auth/login`, demo), demo);
  await ask(`${url}/api/v1/properties`, { headers: bearer(person) });
  await ask(`${url}/api/v1/units/00000000-0000-7000-8000-000000000000`, { headers: bearer(person) });
  await postJson(`${url}/api/v1/auth/login`, { ...demo, password: "a wrong password" });
  await waitForText("401");
  terminal.stdin.write("\u0003");
  await once(terminal, "exit");
  return screen;
}

async function end(terminal: ChildProcess): Promise<void> {
  if (terminal.exitCode !== null || terminal.signalCode !== null) return;
  const exited = once(terminal, "exit");
  terminal.kill("SIGTERM");
  await exited;
}

/** Returns a page that shows the first start as a terminal does. */
export async function renderFirstStart(): Promise<string> {
  return `<!doctype html><meta charset="utf-8"><style>
body { margin: 0; background: #0d1117 }
pre { margin: 0; padding: 20px 22px; box-sizing: content-box; width: ${columns}ch; background: #0d1117; color: #e6edf3;
  font: 13px/1.45 "DejaVu Sans Mono", monospace; white-space: pre-wrap; word-break: break-all }
</style><pre><b>${escapeHtml("$ npm start")}</b>\n${terminalToHtml(await firstStart())}</pre>`;
}
