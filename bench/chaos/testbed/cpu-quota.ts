import { existsSync, mkdirSync, writeFileSync } from "node:fs";

const periodMicroseconds = 100_000;
const root = "/sys/fs/cgroup";

/** Limits a process to a share of one processor, with cgroups v1 or v2. `undefined` removes the limit. */
export function limitCpu(pid: number, share: number | undefined): void {
  const folder = `${existsSync(`${root}/cpu`) ? `${root}/cpu` : root}/haven-chaos-quota`;
  mkdirSync(folder, { recursive: true });
  const quota = share === undefined ? undefined : share * periodMicroseconds;
  if (existsSync(`${folder}/cpu.max`)) writeFileSync(`${folder}/cpu.max`, `${quota ?? "max"} ${periodMicroseconds}`);
  else writeFileSync(`${folder}/cpu.cfs_quota_us`, String(quota ?? -1));
  writeFileSync(`${folder}/cgroup.procs`, String(pid));
}
