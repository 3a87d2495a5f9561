import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { provideGoProgram } from "../shared/go-program.ts";
import { reportSkipped } from "../shared/programs.ts";
import { helm } from "../support/kubernetes/helm.ts";
import { provideControlPlane } from "./programs.ts";

// npm run k8s: applies the shipped objects to a real Kubernetes API server on 127.0.0.1, and tests a
// rolling update, a drain of nodes and the autoscaler there.

provideGoProgram(helm);
const problem = provideControlPlane();
if (problem !== undefined) {
  reportSkipped(`the Kubernetes API server: ${problem}`);
} else {
  const file = fileURLToPath(new URL("./cluster.ts", import.meta.url));
  const [code] = await once(spawn(process.execPath, ["--test", file], { stdio: "inherit" }), "exit");
  process.exitCode = code ?? 1;
}
