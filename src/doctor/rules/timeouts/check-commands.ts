import { formatNumber } from "../../facts/config-values.ts";
import type { Rule, Violation } from "../../rule.ts";
import { service } from "../example-files.ts";

export const checkCommandRules: readonly Rule[] = [
  {
    id: "deadline-check-command",
    severity: "warning",
    title: "A health check times out before its own command",
    impact:
      "The command that waits for the server is killed before its own time limit: the check reports no reason, and a slow answer counts as a failure.",
    condition:
      "The time limit of curl (`-m`, `--max-time`) or wget (`-T`, `--timeout`) in a check < the timeout of the check",
    fix: "Raise the timeout of the check above that of its command, or lower the timeout of the command.",
    example: {
      kind: "compose",
      broken: service('healthcheck:\n      test: "curl -f -m 10 http://localhost:4000/ready"\n      timeout: 5s'),
      fixed: service('healthcheck:\n      test: "curl -f -m 3 http://localhost:4000/ready"\n      timeout: 5s'),
    },
    find: ({ apps }) =>
      apps.flatMap(({ name, probes }) =>
        probes.flatMap(({ name: probe, timeout, commandTimeout }): Violation[] => {
          if (timeout === undefined || commandTimeout === undefined || commandTimeout.value < timeout.value) return [];
          return [
            {
              numbers: [timeout, commandTimeout],
              message: `${probe} of ${name} ends after ${formatNumber(timeout)}, and its command may take ${formatNumber(commandTimeout)}.`,
            },
          ];
        }),
      ),
  },
];
