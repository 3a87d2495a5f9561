import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { RunKustomize } from "../../../src/doctor/readers/kubernetes/kustomize.ts";
import { renderYaml } from "../../support/kubernetes/kustomize.ts";

const k8sFolder = fileURLToPath(new URL("../../../k8s/", import.meta.url));

/** Renders the shipped kustomizations with the kubectl of this machine, even if it is too old for their syntax. */
export const renderShipped: RunKustomize = (folder) => ({ yaml: renderYaml(relative(k8sFolder, folder)) });
