import { spawn } from "node:child_process";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { atEnd } from "../shared/at-end.ts";
import { eventually } from "../shared/eventually.ts";
import { freePort } from "../shared/free-port.ts";
import { type ApiClient, createApiClient } from "./api-client.ts";
import { etcd, programOf } from "./programs.ts";

const startMs = 120_000;

/** Starts etcd, the Kubernetes API server, the controllers and the scheduler on 127.0.0.1. */
export async function startControlPlane(): Promise<ApiClient> {
  const folder = mkdtempSync(join(tmpdir(), "haven-kubernetes-api-server-"));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  const file = (name: string) => join(folder, name);
  const [clientPort, peerPort, port] = [await freePort(), await freePort(), await freePort()];
  const token = randomBytes(16).toString("hex");
  writeFileSync(file("tokens.csv"), `${token},admin,admin,system:masters\n`);
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  writeFileSync(file("accounts.key"), privateKey.export({ type: "pkcs8", format: "pem" }));
  writeFileSync(file("accounts.pub"), publicKey.export({ type: "spki", format: "pem" }));

  const etcdUrl = `http://127.0.0.1:${clientPort}`;
  run(folder, etcd(), [
    `--data-dir=${file("etcd")}`,
    `--listen-client-urls=${etcdUrl}`,
    `--advertise-client-urls=${etcdUrl}`,
    `--listen-peer-urls=http://127.0.0.1:${peerPort}`,
    `--initial-advertise-peer-urls=http://127.0.0.1:${peerPort}`,
    `--initial-cluster=default=http://127.0.0.1:${peerPort}`,
    "--unsafe-no-fsync",
  ]);
  const server = run(folder, programOf("kube-apiserver"), [
    `--etcd-servers=${etcdUrl}`,
    "--bind-address=127.0.0.1",
    `--secure-port=${port}`,
    `--cert-dir=${file("certificates")}`,
    `--token-auth-file=${file("tokens.csv")}`,
    "--authorization-mode=RBAC",
    "--service-cluster-ip-range=10.96.0.0/16",
    "--service-account-issuer=https://kubernetes.default.svc",
    `--service-account-key-file=${file("accounts.pub")}`,
    `--service-account-signing-key-file=${file("accounts.key")}`,
  ]);
  const certificate = file("certificates/apiserver.crt");
  await eventually(() => existsSync(certificate) || server.hasEnded(), Boolean, startMs, 100);
  if (server.hasEnded()) throw new Error(server.output());
  const client = createApiClient({ port, token, certificate });
  const isReady = () =>
    client.get("/readyz").then(
      ({ status }) => status === 200,
      () => false,
    );
  await eventually(async () => server.hasEnded() || (await isReady()), Boolean, startMs, 200);
  if (server.hasEnded()) throw new Error(server.output());

  writeFileSync(file("kubeconfig"), kubeconfig({ port, token, certificate }));
  const common = [`--kubeconfig=${file("kubeconfig")}`, "--leader-elect=false", "--secure-port=0"];
  run(folder, programOf("kube-controller-manager"), [
    ...common,
    `--service-account-private-key-file=${file("accounts.key")}`,
  ]);
  run(folder, programOf("kube-scheduler"), common);
  return client;
}

/** Returns the file as JSON, because JSON is valid YAML. */
const kubeconfig = ({ port, token, certificate }: { port: number; token: string; certificate: string }): string =>
  JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      { name: "test", cluster: { server: `https://127.0.0.1:${port}`, "certificate-authority": certificate } },
    ],
    users: [{ name: "admin", user: { token } }],
    contexts: [{ name: "test", context: { cluster: "test", user: "admin" } }],
    "current-context": "test",
  });

function run(folder: string, command: string, args: readonly string[]) {
  const child = spawn(command, args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  // Only the end of the output is kept: it shows why a program exited.
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => (output = (output + chunk).slice(-10_000)));
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  atEnd(async () => {
    if (hasEnded()) return;
    child.kill("SIGKILL");
    await once(child, "close");
  });
  return { output: () => output, hasEnded };
}
