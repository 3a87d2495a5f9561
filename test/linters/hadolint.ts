import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { dockerfiles, type Finding, runForJson, temporaryFolder } from "./findings.ts";

const report = z.array(z.object({ code: z.string(), file: z.string(), message: z.string() }));

export async function hadolint(command: string): Promise<readonly Finding[]> {
  const lint = async (files: readonly string[]) =>
    report.parse(await runForJson(command, ["--format", "json", ...files]));
  // The shipped files have no finding, so a planted fault shows that the linter works.
  const planted = join(temporaryFolder(), "Dockerfile");
  writeFileSync(planted, "FROM node:latest\n");
  if ((await lint([planted])).length === 0) throw new Error("hadolint does not report a planted fault.");
  return (await lint(dockerfiles)).map(({ code, file, message }) => ({ rule: code, where: file, message }));
}
