import { cpSync, globSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { z } from "zod";
import { type Finding, root, runForJson, temporaryFolder, withoutRepetition } from "./findings.ts";

const report = z.array(z.object({ plugin: z.string(), file: z.string(), reason: z.string() }));

/** Examines the shipped configuration, and the configuration with each variant in place. */
export async function gixy(command: string): Promise<readonly Finding[]> {
  const folder = realpathSync(temporaryFolder());
  cpSync(join(root, "nginx"), folder, { recursive: true });
  withoutPossessiveQuantifiers(join(folder, "haven/variables.conf"));
  const findings = [...(await examine(command, folder, (file) => file))];
  for (const variant of globSync("{variants,newer}/*.conf", { cwd: folder })) {
    const text = readFileSync(join(folder, variant), "utf8");
    const replaced = /Replaces (haven\/[\w-]+\.conf)/.exec(text)?.[1];
    if (replaced === undefined) throw new Error(`The first line of ${variant} names no file that it replaces.`);
    const shipped = readFileSync(join(folder, replaced));
    writeFileSync(join(folder, replaced), text);
    findings.push(...(await examine(command, folder, (file) => (file === replaced ? variant : file))));
    writeFileSync(join(folder, replaced), shipped);
  }
  return withoutRepetition(findings);
}

async function examine(command: string, folder: string, nameOf: (file: string) => string): Promise<Finding[]> {
  const reported = report.parse(await runForJson(command, ["--format", "json", join(folder, "nginx.conf")], folder));
  return reported.map(({ plugin, file, reason }) => ({
    rule: plugin,
    where: `nginx/${nameOf(relative(folder, file))}`,
    message: reason,
  }));
}

/** Gixy ends with an exception at possessive quantifiers. They affect only the speed of the expression. */
function withoutPossessiveQuantifiers(file: string): void {
  writeFileSync(file, readFileSync(file, "utf8").replaceAll(")*+$", ")*$"));
}
