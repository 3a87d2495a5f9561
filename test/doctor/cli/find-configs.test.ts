import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { doctor, folderWith, report } from "../support/command-line.ts";
import * as valid from "../support/valid-configs.ts";

const rulesOf = (output: string) => report.parse(JSON.parse(output)).findings.map(({ rule }) => rule);

suite("haven-doctor FOLDER", () => {
  test("reads the configuration files in the folder, and compares them with each other", async () => {
    const folder = folderWith({
      "deploy/nginx/nginx.conf": valid.nginx,
      "deploy/docker-compose.yml": valid.composeWithAddresses,
      "deploy/k8s/api.yaml": valid.kubernetes.replace(
        "terminationGracePeriodSeconds: 60",
        "terminationGracePeriodSeconds: 20",
      ),
      "infra/alb.yaml": valid.alb,
      "node_modules/other/nginx.conf": "this is not read {",
      "package.json": "{}",
      "docs/notes.yaml": "a: 1\n",
    });
    const { output, code } = await doctor(folder, [".", "--json"]);
    assert.deepEqual(rulesOf(output), ["grace-shorter-than-drain"]);
    assert.equal(code, 1);
    const table = (await doctor(folder, ["."])).output.replaceAll(/\s+/g, " ");
    assert.match(
      table,
      /^Read: nginx deploy\/nginx\/nginx\.conf, k8s deploy\/k8s, compose deploy\/docker-compose\.yml, alb infra\/alb\.yaml, /,
    );
  });

  test("a Helm chart is reported with the command that renders it, and its templates are not read", async () => {
    const chart = {
      "deploy/chart/Chart.yaml": "apiVersion: v2\nname: api\nversion: 1.0.0\n",
      "deploy/chart/templates/api.yaml": "apiVersion: apps/v1\nkind: Deployment\nreplicas: {{ .Values.replicas }}\n",
    };
    const folder = folderWith({ ...chart, "deploy/k8s/api.yaml": valid.kubernetes });
    for (const args of [["."], ["--k8s", "deploy"]]) {
      const { output, code } = await doctor(folder, args);
      assert.match(
        output.replaceAll(/\s+/g, " "),
        /deploy\/chart\/Chart\.yaml:?1? is a Helm chart, so it is not judged: pipe the output of helm template/,
      );
      assert.doesNotMatch(output, /templates\/api\.yaml/);
      assert.equal(code, 0, output);
    }
  });

  test("a folder without a configuration file is reported, with exit code 2", async () => {
    const { output, code } = await doctor(folderWith({ "package.json": "{}" }), ["."]);
    assert.match(output, /holds no configuration file that the doctor reads/);
    assert.equal(code, 2);
  });

  test("a file without an option for its kind is a usage error", async () => {
    const { output, code } = await doctor(folderWith({ "nginx.conf": valid.nginx }), ["nginx.conf"]);
    assert.match(output, /^doctor: 'nginx\.conf' is not a folder: name a file with the option for its kind/);
    assert.equal(code, 64);
  });
});
