import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { findOnPath, has, installPackages } from "../shared/programs.ts";

// The programs of a Kubernetes control plane. Its Go modules build in about half an hour, so the programs are kept in the
// user's cache folder, in a folder whose name contains a hash of the versions.

const sources = fileURLToPath(new URL("./go/", import.meta.url));
const pins = readFileSync(join(sources, "go.mod"), "utf8");
const version = /k8s\.io\/kubernetes (v\d+\.\d+\.\d+)/.exec(pins)?.[1] ?? "";
const hash = createHash("sha256").update(pins).digest("hex").slice(0, 12);
const folder = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "haven-tests", `kubernetes-${hash}`);

const names = ["kube-apiserver", "kube-controller-manager", "kube-scheduler"] as const;
type Name = (typeof names)[number];

export const programOf = (name: Name): string => join(folder, name);

export const etcd = (): string => findOnPath("etcd") ?? "etcd";

const go = has("go") ? "go" : "/usr/local/go/bin/go";

/** Builds and installs missing programs. Returns a reason if a program cannot be installed or built. */
export function provideControlPlane(): string | undefined {
  if (!has("etcd")) installPackages(["etcd-server"]);
  if (!has("etcd")) return "etcd is not installed";
  mkdirSync(folder, { recursive: true });
  for (const name of names)
    if (!existsSync(programOf(name)) && !build(name)) return `${name} was not built; it needs Go`;
  return undefined;
}

function build(name: Name): boolean {
  process.stderr.write(`Building ${name} ${version}.\n`);
  const [major = "", minor = ""] = version.slice(1).split(".");
  const variables = { gitVersion: version, gitMajor: major, gitMinor: minor };
  const flags = Object.entries(variables).map(([key, value]) => `-X k8s.io/component-base/version.${key}=${value}`);
  const unfinished = `${programOf(name)}.${process.pid}`;
  const { status } = spawnSync(
    go,
    [
      "build",
      "-trimpath",
      "-ldflags",
      ["-s -w", ...flags].join(" "),
      "-o",
      unfinished,
      `k8s.io/kubernetes/cmd/${name}`,
    ],
    { cwd: sources, stdio: ["ignore", "ignore", "inherit"], timeout: 7_200_000 },
  );
  if (status === 0) renameSync(unfinished, programOf(name));
  return status === 0;
}

/** The definitions of the kinds that are not part of Kubernetes, from the modules of their projects. */
export const definitionFiles = (): string[] => [
  join(moduleFolder("sigs.k8s.io/gateway-api@v1.4.1"), "config/crd/standard/gateway.networking.k8s.io_httproutes.yaml"),
  ...["servicemonitors", "prometheusrules"].map((kind) =>
    join(
      moduleFolder("github.com/prometheus-operator/prometheus-operator@v0.85.0"),
      `example/prometheus-operator-crd/monitoring.coreos.com_${kind}.yaml`,
    ),
  ),
];

function moduleFolder(name: string): string {
  const { stdout } = spawnSync(go, ["mod", "download", "-json", name], { encoding: "utf8", timeout: 300_000 });
  return z.object({ Dir: z.string() }).parse(JSON.parse(stdout)).Dir;
}
