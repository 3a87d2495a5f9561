import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { runDoctor } from "../../../src/doctor/cli/command.ts";
import { atEnd } from "../../shared/at-end.ts";
import { runProgram } from "../../shared/run-program.ts";

import { renderShipped } from "./shipped-kustomizations.ts";

export const main = fileURLToPath(new URL("../../../src/main.ts", import.meta.url));

export function folderWith(files: Readonly<Record<string, string | Buffer>>): string {
  const folder = mkdtempSync(join(tmpdir(), "haven-doctor-"));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

export const cleanEnvironment = { PATH: process.env["PATH"] };
/** Runs the command in a separate process. */
export const spawned = (cwd: string, args: readonly string[], input = "") =>
  runProgram(process.execPath, [main, "doctor", ...args], { cwd, env: cleanEnvironment, input });

/** Runs the command in this process, which is faster. */
export async function doctor(folder: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const usageErrors: string[] = [];
  const outcome = await runDoctor(args, {
    environment: env,
    folder,
    version: "0.0.0",
    columns: undefined,
    runKustomize: renderShipped,
    program: "haven-doctor",
    shippedFolder: fileURLToPath(new URL("../../../", import.meta.url)),
    reportUsageError: (sentence) => usageErrors.push(sentence),
  });
  return { code: outcome?.exitCode ?? 64, output: outcome?.output ?? usageErrors.join("") };
}

const place = z.strictObject({ file: z.string().min(1), line: z.int().min(1) });
export const report = z.strictObject({
  findings: z.array(
    z.strictObject({
      rule: z.string().regex(/^(?:keep-alive|drain|grace|release|deadline|connections|budget|trap)-[a-z-]+$/),
      severity: z.enum(["error", "warning"]),
      confidence: z.enum(["high", "medium"]),
      title: z.string().min(1),
      detail: z.string().min(1),
      fix: z.string().min(1),
      locations: z.array(place).min(1),
    }),
  ),
  ignored: z.array(
    z.strictObject({
      rule: z.string(),
      by: z.enum(["comment", "config", "baseline"]),
      reason: z.string().min(1),
      locations: z.array(place),
    }),
  ),
  fixed: z.array(place.extend({ rule: z.string() })),
  unknownSettings: z.array(place.extend({ settings: z.array(z.string()).min(1), rules: z.array(z.string()).min(1) })),
  notUnderstood: z.array(z.strictObject({ file: z.string().min(1), line: z.int().min(1), text: z.string().min(1) })),
});
