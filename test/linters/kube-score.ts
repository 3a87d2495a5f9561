import { z } from "zod";
import { type Finding, renderedFiles, runForJson, withoutRepetition } from "./findings.ts";

const okGrade = 10;

const report = z.array(
  z.object({
    type_meta: z.object({ kind: z.string() }),
    object_meta: z.object({ name: z.string() }),
    checks: z.array(
      z.object({
        check: z.object({ id: z.string() }),
        grade: z.number(),
        skipped: z.boolean(),
        comments: z.array(z.object({ summary: z.string() })).nullable(),
      }),
    ),
  }),
);

export async function kubeScore(command: string): Promise<readonly Finding[]> {
  const objects = report.parse(await runForJson(command, ["score", "--output-format", "json", ...renderedFiles()]));
  return withoutRepetition(
    objects.flatMap(({ type_meta, object_meta, checks }) =>
      checks
        .filter(({ grade, skipped }) => grade < okGrade && !skipped)
        .map(({ check, comments }) => ({
          rule: check.id,
          where: `${type_meta.kind}/${object_meta.name}`,
          message: (comments ?? []).map(({ summary }) => summary).join("; "),
        })),
    ),
  );
}
