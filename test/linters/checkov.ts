import { globSync } from "node:fs";
import { z } from "zod";
import {
  cloudFormation,
  dockerfiles,
  type Finding,
  renderedFiles,
  root,
  runForJson,
  withoutRepetition,
} from "./findings.ts";

const frameworks = ["dockerfile", "cloudformation", "openapi", "github_actions", "kubernetes", "secrets"];

const checks = z.array(
  z.object({ check_id: z.string(), check_name: z.string(), file_path: z.string(), resource: z.string() }),
);
const oneReport = z.object({
  check_type: z.string(),
  results: z.object({ failed_checks: checks }),
  summary: z.object({ parsing_errors: z.number() }),
});
const report = z.union([z.array(oneReport), oneReport.transform((one) => [one])]);

export async function checkov(command: string): Promise<readonly Finding[]> {
  const files = [
    ...dockerfiles,
    cloudFormation,
    "docs/openapi.json",
    "k8s/base/secret.yaml.template",
    ...globSync(".github/workflows/*.yml", { cwd: root }),
    ...renderedFiles(),
  ];
  const options = ["--compact", "--quiet", "--skip-download", "--output", "json", "--framework", ...frameworks];
  const reports = report.parse(await runForJson(command, [...options, ...files.flatMap((file) => ["--file", file])]));
  // A framework that has read no file also has no finding, so the files are checked.
  for (const name of frameworks)
    if (!reports.some(({ check_type }) => check_type === name)) throw new Error(`checkov read no file for ${name}.`);
  for (const { check_type, summary } of reports)
    if (summary.parsing_errors > 0) throw new Error(`checkov cannot parse a file for ${check_type}.`);
  return withoutRepetition(
    reports.flatMap(({ check_type, results }) =>
      results.failed_checks.map(({ check_id, check_name, file_path, resource }) => ({
        rule: check_id,
        where: check_type === "kubernetes" ? objectOf(resource) : file_path.replace(/^\//, ""),
        message: check_name,
      })),
    ),
  );
}

/** `Deployment.haven.redis` becomes `Deployment/redis`. */
const objectOf = (resource: string) => resource.replace(/^([^.]+)\.[^.]+\./, "$1/");
