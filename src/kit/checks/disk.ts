import { statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { CheckFailed } from "../../core/errors/failure-reason.ts";
import type { Check } from "../health/check.ts";
import { type CheckOptions, withDefaults } from "./check-options.ts";

/**
 * The options of `diskCheck`.
 * @example const options: DiskCheckOptions = { folder: "/var/lib/orders", minFreeShare: 0.05 };
 */
export type DiskCheckOptions = CheckOptions & {
  /** A folder of the file system to check; the folder for temporary files unless set. */
  folder?: string;
  /** The check fails if the share of free space is smaller than this; 0.02 unless set. */
  minFreeShare?: number;
};

/**
 * Fails when the file system of the folder is nearly full. Not critical unless set.
 * @example createHealth({ service: "orders", checks: [diskCheck({ folder: "/var/lib/orders", critical: true })] });
 */
export function diskCheck(options: DiskCheckOptions = {}): Check {
  const { name = "disk", critical = false, folder = tmpdir(), minFreeShare = 0.02 } = options;
  return {
    name,
    ...withDefaults({ ...options, critical }),
    async run() {
      const { bavail, blocks } = await statfs(folder);
      if (blocks > 0 && bavail / blocks < minFreeShare) throw new CheckFailed("over_limit");
    },
  };
}
