import { fileURLToPath } from "node:url";
import { fileOf, type GoProgram } from "../../shared/go-program.ts";
import { runProgram } from "../../shared/run-program.ts";
import { type ClusterObject, parseObjects } from "./kustomize.ts";

export const helm: GoProgram = { package: "helm.sh/helm/v3/cmd/helm", version: "v3.22.0" };

export const chart = fileURLToPath(new URL("../../../k8s/chart/", import.meta.url));

export const runHelm = (...args: string[]) => runProgram(fileOf(helm), args);

type Options = { release?: string; values?: readonly string[] };

/** Returns the arguments of `helm template` for the chart, with a range for the gateway and the given `key=value` pairs. */
const templateArguments = ({ release = "haven-api", values = [] }: Options): string[] => [
  "template",
  release,
  chart,
  "--kube-version",
  "1.34.0",
  "--namespace",
  "haven",
  ...["trustProxy=FILL-IN-the-range-of-the-gateway", ...values].flatMap((value) => ["--set", value]),
];

/** Renders the text that `helm install` would send. */
export async function renderChartText(options: Options = {}): Promise<string> {
  const { code, output } = await runHelm(...templateArguments(options));
  if (code !== 0) throw new Error(output);
  return output;
}

export const renderChart = async (options: Options = {}): Promise<readonly ClusterObject[]> =>
  parseObjects(await renderChartText(options));

/** Renders with values that the chart has to refuse, and returns what helm prints. */
export async function refusalOf(values: readonly string[]): Promise<string> {
  const { code, output } = await runHelm(...templateArguments({ values }));
  if (code === 0) throw new Error(`helm accepted ${values.join(" ")}`);
  return output;
}
