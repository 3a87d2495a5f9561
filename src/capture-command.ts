import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { StartError } from "./core/errors/start-error.ts";
import { html, trusted } from "./core/page/html.ts";

export type CaptureOptions = {
  urls: readonly string[];
  token: string | undefined;
  /** The folder that receives one folder for each instance. */
  folder: string;
  now: Date;
};

type CapturedFile = { file: string; path: string; status: number | null; bytes: number; error?: string };

const pageFile = "status.html";

const capturedEndpoints: readonly (readonly [file: string, path: string])[] = [
  ["health.json", "/health/detailed"],
  [pageFile, "/health/detailed"],
  ["ready.txt", "/ready?verbose"],
  ["circuit-breakers.json", "/api/v1/circuit-breakers"],
  ["instances.json", "/api/v1/instances"],
  ["metrics.txt", "/metrics"],
  ["log.jsonl", "/health/detailed/log"],
  ["log-level.json", "/health/detailed/log-level"],
  ["evidence.json", "/health/detailed/evidence"],
];

const timeoutMs = 10_000;
const maxBytes = 64 * 1024 * 1024;

const evidenceList = z.object({ captures: z.array(z.object({ id: z.number(), check: z.string() })) });

/** Saves what the instances report now, for a later analysis. Returns the report for the terminal. */
export async function captureInstances({ urls, token, folder, now }: CaptureOptions): Promise<string> {
  const bases = urls.map(readUrl);
  const captureFolder = join(folder, `haven-capture-${now.toISOString().replaceAll(/[:.]/g, "-")}`);
  const lines: string[] = [];
  const captured: Captured[] = [];
  for (const base of bases) {
    const name = base.host.replaceAll(/[^A-Za-z0-9.-]/g, "-");
    const instanceFolder = join(captureFolder, name);
    mkdirSync(instanceFolder, { recursive: true, mode: 0o700 });
    const files = await captureInstance(base, token, instanceFolder);
    writeFileSync(
      join(instanceFolder, "manifest.json"),
      `${JSON.stringify({ url: base.origin, at: now, files }, null, 2)}\n`,
    );
    captured.push({ base, name, files });
    const failed = files.filter(({ status }) => status === null || status >= 400);
    lines.push(`${base.origin}: ${files.length - failed.length} of ${files.length} files in ${instanceFolder}`);
    for (const { path, status, error } of failed) lines.push(`  ${path}: ${status ?? error ?? "no answer"}`);
  }
  writeFileSync(join(captureFolder, "index.html"), renderIndex(captured, now), { mode: 0o600 });
  return [...lines, `Open ${join(captureFolder, "index.html")} in a browser.`].join("\n");
}

type Captured = { base: URL; name: string; files: readonly CapturedFile[] };

/** Renders the page of the bundle: the files of each instance, with the status page as it was. */
function renderIndex(captured: readonly Captured[], now: Date): string {
  const row = (name: string, { file, path, status, bytes, error }: CapturedFile) => html`
    <tr><td><a href="${name}/${file}">${file}</a></td><td>${path}</td><td>${status ?? error ?? "no answer"}</td><td>${bytes}</td></tr>`;
  const sections = captured.map(
    ({ base, name, files }) => html`
      <h2>${base.origin}</h2>
      <p><a href="${name}/${pageFile}">Status page at the time of the capture</a></p>
      <table><thead><tr><th>File</th><th>Path</th><th>Status</th><th>Bytes</th></tr></thead><tbody>${files.map((file) => row(name, file))}</tbody></table>`,
  );
  return html`<!doctype html>
    <html lang="en"><meta charset="utf-8"><title>Haven capture ${now.toISOString()}</title>
    <style>${trusted(indexStyle)}</style>
    <h1>Capture of ${now.toISOString()}</h1>${sections}
    <p>A .cpuprofile opens in the Performance panel of a Chromium browser; "haven logs" prints log.jsonl for people.</p></html>`
    .html;
}

const indexStyle =
  ":root{color-scheme:light dark;font:15px/1.5 system-ui,sans-serif}body{max-width:60rem;margin:2rem auto;padding:0 1rem}td,th{text-align:left;padding:.15rem 1.2rem .15rem 0}";

function readUrl(text: string): URL {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) throw new StartError(`Not an http or https URL: ${text}`);
  return url;
}

async function captureInstance(base: URL, token: string | undefined, instanceFolder: string): Promise<CapturedFile[]> {
  const save = async (file: string, path: string): Promise<CapturedFile & { body: string }> => {
    const isPage = file === pageFile;
    const { body: received, ...rest } = await get(new URL(path, base), token, isPage ? "text/html" : usualTypes);
    const body = isPage ? withoutScripts(received) : received;
    writeFileSync(join(instanceFolder, file), body, { mode: 0o600 });
    return { file, path, ...rest, bytes: body.length, body: body.toString() };
  };
  const files: CapturedFile[] = [];
  for (const [file, path] of capturedEndpoints) {
    const { body, ...saved } = await save(file, path);
    files.push(saved);
    if (file !== "evidence.json" || saved.status !== 200) continue;
    for (const { id, check } of evidenceList.parse(JSON.parse(body)).captures) {
      for (const [part, name] of [
        ["profile", `${check}-${id}.cpuprofile`],
        ["report", `${check}-${id}-report.json`],
      ] as const) {
        const { body: _, ...recorded } = await save(
          name.replaceAll(/[^A-Za-z0-9.-]/g, "-"),
          `/health/detailed/evidence?id=${id}&part=${part}`,
        );
        files.push(recorded);
      }
    }
  }
  return files;
}

/** Removes the script, which would report a lost connection in a saved page, and the button that pauses the script. */
const withoutScripts = (page: Buffer): Buffer =>
  Buffer.from(page.toString().replaceAll(/<script>[\s\S]*?<\/script>|<p class="live scripted">[\s\S]*?<\/p>/g, ""));

const usualTypes = "application/json, */*;q=0.5";

type FetchedAnswer = { status: number | null; body: Buffer; error?: string };

async function get(url: URL, token: string | undefined, accept: string): Promise<FetchedAnswer> {
  try {
    const response = await fetch(url, {
      headers: {
        accept,
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
      redirect: "error",
      signal: AbortSignal.timeout(timeoutMs),
    });
    const body = Buffer.from(await response.arrayBuffer());
    if (body.length > maxBytes) return { status: response.status, body: Buffer.alloc(0), error: "too large" };
    return { status: response.status, body };
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "no answer";
    return { status: null, body: Buffer.alloc(0), error: code };
  }
}
