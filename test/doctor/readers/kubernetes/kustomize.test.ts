import assert from "node:assert/strict";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { diagnose } from "../../../../src/doctor/diagnose.ts";
import { filesOnDisk } from "../../../../src/doctor/files.ts";
import { createKubectlKustomize } from "../../../../src/doctor/readers/kubernetes/kustomize.ts";
import { sarifReport } from "../../../../src/doctor/report/sarif-report.ts";
import { without } from "../../../shared/programs.ts";
import { folderWith } from "../../support/command-line.ts";
import { sourcesOf } from "../../support/diagnose.ts";
import * as valid from "../../support/valid-configs.ts";

const kustomization = (...resources: readonly string[]): string => `resources: [${resources.join(", ")}]\n`;

const shortGrace = valid.kubernetes.replace("terminationGracePeriodSeconds: 60", "terminationGracePeriodSeconds: 20");

/** Writes an overlay to a new folder, and diagnoses it with this script as the only `kubectl` of the PATH. */
function diagnoseOverlay({ kubectl, limitMs }: { kubectl: string | undefined; limitMs?: number }) {
  const folder = folderWith({
    "k8s/base/kustomization.yaml": kustomization("api.yaml"),
    "k8s/base/api.yaml": shortGrace,
    "k8s/overlays/production/kustomization.yaml": kustomization("../../base"),
    ...(kubectl === undefined ? {} : { "bin/kubectl": kubectl }),
  });
  if (kubectl !== undefined) chmodSync(join(folder, "bin/kubectl"), 0o755);
  const path = kubectl === undefined ? join(folder, "bin") : `${join(folder, "bin")}:${process.env["PATH"]}`;
  const runKustomize = createKubectlKustomize({
    workingFolder: folder,
    path,
    ...(limitMs === undefined ? {} : { limitMs }),
  });
  const request = { deployments: [{ k8s: ["k8s"] }], settings: new Map(), settingsFile: "environment" };
  return { folder, diagnosis: diagnose(request, { ...sourcesOf(filesOnDisk(folder)), runKustomize }) };
}

const file = "k8s/overlays/production/kustomization.yaml";

suite("a folder with a kustomization", () => {
  test("is rendered by kubectl, and a finding names the command and the line of its output", {
    skip: without("kubectl"),
  }, () => {
    const folder = folderWith({
      "k8s/base/kustomization.yaml": kustomization("api.yaml"),
      "k8s/base/api.yaml": valid.kubernetes,
      "k8s/overlays/production/kustomization.yaml": `bases: [../../base]\npatchesStrategicMerge: [grace.yaml]\n`,
      "k8s/overlays/production/grace.yaml":
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: api }\nspec: { template: { spec: { terminationGracePeriodSeconds: 20 } } }\n",
    });
    const runKustomize = createKubectlKustomize({ workingFolder: folder, path: process.env["PATH"] });
    const request = { deployments: [{ k8s: ["k8s"] }], settings: new Map(), settingsFile: "environment" };
    const { findings, unreadable } = diagnose(request, { ...sourcesOf(filesOnDisk(folder)), runKustomize });
    assert.deepEqual(unreadable, []);
    assert.deepEqual(
      findings.map(({ rule, places }) => [rule, places[0]?.file]),
      [["grace-shorter-than-drain", "kubectl kustomize k8s/overlays/production"]],
    );
    const result = runKustomize("k8s/overlays/production");
    assert.ok("yaml" in result);
    const line = result.yaml.split("\n")[(findings[0]?.places[0]?.line ?? 0) - 1];
    assert.match(line ?? "", /terminationGracePeriodSeconds: 20/);
  });

  test("is not judged on its own if another kustomization includes it", () => {
    const calls = `#!/bin/sh\necho "$2" >>"$(dirname "$0")/calls"\ncat "$(dirname "$0")/../k8s/base/api.yaml"\n`;
    const { folder, diagnosis } = diagnoseOverlay({ kubectl: calls });
    assert.deepEqual(
      diagnosis.findings.map(({ rule }) => rule),
      ["grace-shorter-than-drain"],
    );
    assert.equal(filesOnDisk(folder).read("bin/calls"), `${join(folder, "k8s/overlays/production")}\n`);
  });

  test("is reported as not judged, with the command to type, where kubectl is not on the PATH", () => {
    const { diagnosis } = diagnoseOverlay({ kubectl: undefined });
    assert.deepEqual(diagnosis.findings, []);
    assert.deepEqual(diagnosis.unreadable, [
      {
        file,
        line: 1,
        text: "was not judged: kubectl is not on the PATH. Run: kubectl kustomize k8s/overlays/production | haven-doctor --k8s -",
      },
    ]);
  });

  test("is reported as not judged, with the first line of the error, where kubectl fails", () => {
    const { diagnosis } = diagnoseOverlay({ kubectl: "#!/bin/sh\necho 'error: no such base' >&2\nexit 1\n" });
    assert.match(
      diagnosis.unreadable[0]?.text ?? "",
      /^was not judged: kubectl kustomize failed \(error: no such base\)/,
    );
  });

  test("is reported as not judged where kubectl does not finish within the time limit", () => {
    const { diagnosis } = diagnoseOverlay({ kubectl: "#!/bin/sh\nexec sleep 60\n", limitMs: 300 });
    assert.match(
      diagnosis.unreadable[0]?.text ?? "",
      /^was not judged: kubectl kustomize did not finish within 0\.3 s/,
    );
  });

  test("is reported in SARIF with the path of its kustomization.yaml", () => {
    const { folder, diagnosis } = diagnoseOverlay({
      kubectl: `#!/bin/sh\ncat "$(dirname "$0")/../k8s/base/api.yaml"\n`,
    });
    writeFileSync(join(folder, "report.sarif"), sarifReport({ ...diagnosis, ignored: [] }, "0.0.0"));
    const { runs } = JSON.parse(filesOnDisk(folder).read("report.sarif"));
    assert.equal(runs[0].results[0].locations[0].physicalLocation.artifactLocation.uri, file);
  });
});
