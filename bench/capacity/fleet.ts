import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findNamespaceProblem, startInNamespaces } from "../../test/shared/namespaces.ts";
import { has, programs, provide } from "../../test/shared/programs.ts";
import { interruption } from "../interruption.ts";
import type { FleetRate } from "./figures.ts";

const needed = ["nginx", "haproxy", "openssl", "socat", "ip", "unshare"];

/** Where the program in the namespaces writes its figures. */
export const resultVariable = "BENCH_FLEET_RESULT";
export const secondsVariable = "BENCH_FLEET_SECONDS";

/** Measures instances behind the shipped proxies; returns nothing where namespaces or programs are missing. */
export async function measureFleet(seconds: number): Promise<readonly FleetRate[]> {
  await provide(programs.filter(({ command }) => needed.includes(command)));
  const missing = needed.filter((command) => !has(command));
  const problem = missing.length > 0 ? `${missing.join(", ")} missing` : findNamespaceProblem();
  if (problem !== undefined) {
    process.stdout.write(`  not measured: ${problem}\n`);
    return [];
  }
  const folder = mkdtempSync(join(tmpdir(), "haven-fleet-"));
  const result = join(folder, "rates.json");
  try {
    const program = fileURLToPath(new URL("./fleet-main.ts", import.meta.url));
    const env = { ...process.env, [resultVariable]: result, [secondsVariable]: String(seconds) };
    const child = startInNamespaces([program], env);
    interruption.addEventListener("abort", () => child.kill("SIGKILL"));
    const [code] = await once(child, "exit");
    if (code !== 0) throw new Error(`The measurement of the fleet ended with the exit code ${code}.`);
    return JSON.parse(readFileSync(result, "utf8")) as FleetRate[];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
