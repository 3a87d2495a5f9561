import { type ChildProcess, spawn, spawnSync } from "node:child_process";

// Linux namespaces that act like a separate machine, with all ports free, and with their own /etc/hosts and proxy folders.

const prepare = `
set -e
ip link set lo up
# With AI_ADDRCONFIG, a name is resolved to IPv4 addresses only if the machine has an IPv4 address other than loopback.
ip addr add 10.99.0.1/32 dev lo
for n in 1 2; do ip -6 addr add fd00:0:0:$n::1/128 dev lo; ip -6 addr add fd00:0:0:$n::2/128 dev lo; done
for folder in /etc/nginx /etc/haproxy /var/log/nginx /var/lib/nginx /var/cache /run; do
  mkdir -p "$folder" && mount -t tmpfs tmpfs "$folder"
done
{
  echo 127.0.0.1 localhost
  echo ::1 localhost
  for n in 1 2 3; do echo "127.0.0.$((n + 1)) api-server-$n"; done
  echo 127.0.0.1 nginx-log-exporter
} >/run/hosts
mount --bind /run/hosts /etc/hosts
"$@"
`;

const namespaces = ["--net", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child"];

/** Returns why this process cannot create namespaces, or undefined if it can. */
export function findNamespaceProblem(): string | undefined {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return "Linux and root are needed";
  const { status, stderr } = spawnSync("unshare", [...namespaces, "sh", "-c", "ip link set lo up"], {
    encoding: "utf8",
  });
  return status === 0 ? undefined : `no namespaces here: ${stderr?.trim() || "unshare or ip is missing"}`;
}

/** Runs Node in new namespaces and waits for its exit code. The kernel kills Node if this process exits first. */
export const runInNamespaces = (nodeArguments: readonly string[], env: NodeJS.ProcessEnv): number =>
  spawnSync("setpriv", commandFor(nodeArguments), { stdio: "inherit", env }).status ?? 1;

/** Starts Node in new namespaces and returns the child. Killing the child ends every process in the namespace. */
export const startInNamespaces = (nodeArguments: readonly string[], env: NodeJS.ProcessEnv): ChildProcess =>
  spawn("setpriv", commandFor(nodeArguments), { stdio: "inherit", env });

const commandFor = (nodeArguments: readonly string[]): readonly string[] => [
  ...["--pdeathsig", "KILL", "unshare", ...namespaces, "sh", "-c", prepare, "sh", process.execPath],
  ...nodeArguments,
];
