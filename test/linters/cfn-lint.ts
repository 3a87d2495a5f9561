import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { cloudFormation, type Finding, root, runForJson, temporaryFolder } from "./findings.ts";

const report = z.array(z.object({ Rule: z.object({ Id: z.string() }), Filename: z.string(), Message: z.string() }));

export async function cfnLint(command: string): Promise<readonly Finding[]> {
  const lint = async (file: string) =>
    report.parse(await runForJson(command, ["--format", "json", "--template", file]));
  // The shipped file has no finding, so a planted fault shows that the linter works.
  const planted = join(temporaryFolder(), "alb.yaml");
  writeFileSync(planted, readFileSync(join(root, cloudFormation), "utf8").replace("TargetType: ip", "TargetTyp: ip"));
  if ((await lint(planted)).length === 0) throw new Error("cfn-lint does not report a planted fault.");
  return (await lint(cloudFormation)).map(({ Rule, Filename, Message }) => ({
    rule: Rule.Id,
    where: Filename,
    message: Message,
  }));
}
