import { formatNumber } from "../../facts/config-values.ts";
import type { Rule, Violation } from "../../rule.ts";
import { pod } from "../example-files.ts";

export const memoryRules: readonly Rule[] = [
  {
    id: "budget-heap",
    severity: "error",
    title: "The heap may grow beyond the memory limit",
    impact:
      "A process also needs memory for buffers, images and threads: before the heap is full the kernel kills the process, without a log line and with all requests in flight.",
    condition: "`--max-old-space-size` ≤ 75 % of the memory limit (Kubernetes, Compose, ECS, Render's plan)",
    fix: "Lower --max-old-space-size, or raise the limit.",
    example: {
      kind: "kubernetes",
      broken: pod(
        "env: [{ name: NODE_OPTIONS, value: --max-old-space-size=512 }]\n          resources: { limits: { memory: 512Mi } }",
      ),
      fixed: pod(
        "env: [{ name: NODE_OPTIONS, value: --max-old-space-size=384 }]\n          resources: { limits: { memory: 512Mi } }",
      ),
    },
    find: ({ apps }) =>
      apps.flatMap(({ name, heap, memory }): Violation[] => {
        if (heap === undefined || (memory === undefined && heap.unit === "bytes")) return [];
        if (heap.unit === "percent") {
          if (heap.value <= 75) return [];
          return [
            {
              numbers: memory === undefined ? [heap] : [heap, memory],
              message: `${name}: ${formatNumber(heap)} of the memory is more than 75 %.`,
            },
          ];
        }
        if (memory === undefined || heap.value <= memory.value * 0.75) return [];
        const max = Math.floor((memory.value * 0.75) / 1024 ** 2);
        return [
          {
            numbers: [heap, memory],
            message: `${name}: a heap of ${formatNumber(heap)} is ${Math.round((heap.value / memory.value) * 100)} % of ${formatNumber(memory)}; the maximum is 75 %.`,
            fix: `Set --max-old-space-size=${max}, or raise the limit.`,
          },
        ];
      }),
  },
];
