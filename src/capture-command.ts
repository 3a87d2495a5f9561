import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { StartError } from "./core/start-error.ts";

export type CaptureOptions = {
  urls: readonly string[];
  token: string | undefined;
  /** The folder that receives one folder for each instance. */
  folder: string;
  now: Date;
};

type CapturedFile = { file: string; path: string; status: number | null; bytes: number; error?: string };

const sources: readonly (readonly [file: string, path: string])[] = [
  ["health.json", "/health/detailed"],
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
  const top = join(folder, `haven-capture-${now.toISOString().replaceAll(/[:.]/g, "-")}`);
  const lines: string[] = [];
  for (const base of bases) {
    const target = join(top, base.host.replaceAll(/[^A-Za-z0-9.-]/g, "-"));
    mkdirSync(target, { recursive: true, mode: 0o700 });
    const files = await captureOne(base, token, target);
    writeFileSync(join(target, "manifest.json"), `${JSON.stringify({ url: base.origin, at: now, files }, null, 2)}\n`);
    const failed = files.filter(({ status }) => status === null || status >= 400);
    lines.push(`${base.origin}: ${files.length - failed.length} of ${files.length} files in ${target}`);
    for (const { path, status, error } of failed) lines.push(`  ${path}: ${status ?? error ?? "no answer"}`);
  }
  return lines.join("\n");
}

function readUrl(text: string): URL {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) throw new StartError(`Not an http or https URL: ${text}`);
  return url;
}

async function captureOne(base: URL, token: string | undefined, target: string): Promise<CapturedFile[]> {
  const save = async (file: string, path: string): Promise<CapturedFile & { body: string }> => {
    const answer = await get(new URL(path, base), token);
    writeFileSync(join(target, file), answer.body, { mode: 0o600 });
    const { body, ...rest } = answer;
    return { file, path, ...rest, bytes: body.length, body: body.toString() };
  };
  const files: CapturedFile[] = [];
  for (const [file, path] of sources) {
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

type FetchedAnswer = { status: number | null; body: Buffer; error?: string };

async function get(url: URL, token: string | undefined): Promise<FetchedAnswer> {
  try {
    const response = await fetch(url, {
      headers: {
        accept: "application/json, */*;q=0.5",
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
