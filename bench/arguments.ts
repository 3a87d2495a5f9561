import { parseArgs } from "node:util";

export type Arguments = { quick: boolean; only: readonly string[]; report: string | undefined };

export const usage = (
  scenarios: readonly string[],
): string => `Usage: npm run bench -- [--quick] [--only NAME]… [--report FILE]

Measures the server beside others, on real stores, and writes docs/performance.md with its plots.

  --quick        short rounds, no report: only whether every request is answered (under two minutes)
  --only NAME    one scenario, no report; may be given several times: ${scenarios.join(", ")}
  --report FILE  write the report here
  --help         this

Exit code: 0, also where a figure falls short; 1 where a request failed; 2 for a wrong command line.
`;

export class UsageError extends Error {}

export function readArguments(args: readonly string[], scenarios: readonly string[]): Arguments | "help" {
  const { values } = parse(args);
  if (values.help) return "help";
  const only = values.only ?? [];
  for (const name of only) if (!scenarios.includes(name)) throw new UsageError(`There is no scenario "${name}".`);
  const quick = values.quick === true;
  if (quick && values.report !== undefined) throw new UsageError("--quick is too short to write a report of.");
  const whole = !quick && only.length === 0;
  return { quick, only, report: values.report ?? (whole ? "docs/performance.md" : undefined) };
}

function parse(args: readonly string[]) {
  const options = {
    quick: { type: "boolean" },
    only: { type: "string", multiple: true },
    report: { type: "string" },
    help: { type: "boolean", short: "h" },
  } as const;
  try {
    return parseArgs({ args: [...args], options });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
