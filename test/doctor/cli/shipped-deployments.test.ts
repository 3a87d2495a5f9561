import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { fileURLToPath } from "node:url";
import { shippedDeployments } from "../../../src/doctor/cli/shipped-deployments.ts";
import { diagnose } from "../../../src/doctor/diagnose.ts";
import { createDiagnostics } from "../../../src/doctor/diagnostics.ts";
import { parseVersion, type Versions } from "../../../src/doctor/facts/versions.ts";
import { type Files, filesOnDisk } from "../../../src/doctor/files.ts";
import type { ConfigPaths } from "../../../src/doctor/read-deployments.ts";
import { readDotEnv } from "../../../src/doctor/readers/application-settings.ts";
import type { RunKustomize } from "../../../src/doctor/readers/kubernetes/kustomize.ts";
import { without } from "../../shared/programs.ts";
import { sourcesOf } from "../support/diagnose.ts";
import { renderShipped } from "../support/shipped-kustomizations.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const disk = filesOnDisk(root);
const read = (file: string) => readFileSync(join(root, file), "utf8");

type Change = { files?: Files; settings?: string; runKustomize?: RunKustomize; versions?: Versions };

function problemsOf(
  deployments: readonly ConfigPaths[],
  { files = disk, settings = "", runKustomize = renderShipped, versions = {} }: Change = {},
) {
  const diagnostics = createDiagnostics();
  const settingValues = readDotEnv(`HAVEN_DOCTOR_APPLICATION=haven\n${settings}`, "settings.env", diagnostics);
  const { findings, notUnderstood, unreadable } = diagnose(
    { deployments, settings: settingValues, settingsFile: "environment", versions },
    { ...sourcesOf(files), runKustomize, diagnostics },
  );
  return [
    ...findings.map(({ rule, message }) => `${rule}: ${message}`),
    ...[...notUnderstood, ...unreadable].map(({ file, line, text }) => `${file}:${line} ${text}`),
  ];
}

const skipWithoutKubectl = (paths: ConfigPaths) => paths.k8s !== undefined && without("kubectl");

suite("the shipped configurations have no errors, no warnings and no unsupported parts", () => {
  for (const paths of shippedDeployments(disk, root)) {
    const [[kind, list] = [""]] = Object.entries(paths);
    test(
      `${kind}: ${(list ?? []).map((path) => path.slice(root.length)).join(", ")}`,
      { skip: skipWithoutKubectl(paths) },
      () => assert.deepEqual(problemsOf([paths]), []),
    );
  }

  test("the shipped configurations include every kind except PgBouncer", () => {
    const kinds = new Set(shippedDeployments(disk, root).flatMap((paths) => Object.keys(paths)));
    assert.deepEqual([...kinds].sort(), [
      "alb",
      "compose",
      "haproxy",
      "k8s",
      "nginx",
      "prometheus",
      "railway",
      "render",
    ]);
  });

  // The first line of each variant names the file that it replaces.
  for (const variant of globSync(["nginx/variants/*.conf", "nginx/newer/*.conf"], { cwd: root }).sort()) {
    test(`nginx with ${variant}`, () => {
      const replaced = /haven\/[a-z0-9-]+\.conf/.exec(read(variant).split("\n")[0] ?? "")?.[0];
      assert.ok(replaced !== undefined);
      const files: Files = {
        ...disk,
        read: (path) => (path === `nginx/${replaced}` ? read(variant) : disk.read(path)),
      };
      const newerThan = parseVersion(/-from-([\d.]+)\.conf$/.exec(variant)?.[1] ?? "");
      const versions = newerThan === undefined ? {} : { nginx: { version: newerThan, at: { file: variant, line: 1 } } };
      assert.deepEqual(problemsOf([{ nginx: ["nginx/nginx.conf"] }], { files, versions }), []);
    });
  }

  for (const [name, value] of [
    ["HAVEN_AFFINITY", "cookie"],
    ["HAVEN_SCALED", "yes"],
    ["HAVEN_CHECK", "body"],
    ["HAVEN_HTTPS_ONLY", "yes"],
    ["HAVEN_BEHIND", "proxy-protocol"],
    ["HAVEN_BEHIND", "balancer"],
  ] as const) {
    test(`haproxy with ${name}=${value}`, () => {
      const text = read("haproxy/haproxy.cfg").replace(
        new RegExp(`presetenv ${name} .*`),
        `presetenv ${name} ${value}`,
      );
      const files: Files = { ...disk, read: (path) => (path === "haproxy/haproxy.cfg" ? text : disk.read(path)) };
      assert.deepEqual(problemsOf([{ haproxy: ["haproxy/haproxy.cfg"] }], { files }), []);
    });
  }
});

/** The rendered overlay with another TRUST_PROXY. */
const renderWith =
  (ranges: string): RunKustomize =>
  (folder) => {
    const result = renderShipped(folder);
    return "yaml" in result ? { yaml: result.yaml.replace(/TRUST_PROXY: .*/, `TRUST_PROXY: ${ranges}`) } : result;
  };

const production = join(root, "k8s/overlays/production");

test("TRUST_PROXY=uniquelocal in an overlay is reported, with the addresses that it covers", {
  skip: without("kubectl"),
}, () => {
  assert.deepEqual(problemsOf([{ k8s: [production] }], { runKustomize: renderWith("uniquelocal") }), [
    "trap-trust-proxy-wide: haven-api-deployment trusts uniquelocal as proxies, and so every private address.",
  ]);
});

suite("the TRUST_PROXY ranges that the documentation recommends for a gateway cause no finding", () => {
  for (const ranges of [
    "10.244.0.0/16",
    "192.168.0.0/16",
    "35.191.0.0/16,130.211.0.0/22",
    "loopback,linklocal,10.0.1.7",
  ]) {
    test(`${ranges} in the production overlay`, { skip: without("kubectl") }, () =>
      assert.deepEqual(problemsOf([{ k8s: [production] }], { runKustomize: renderWith(ranges) }), []),
    );

    test(`${ranges} in a Compose file`, () => {
      const file = "docker/docker-compose.lb.yml";
      const text = read(file).replace(/TRUST_PROXY([=:]\s*).*/, `TRUST_PROXY$1${ranges}`);
      const files: Files = { ...disk, read: (path) => (path.endsWith(file) ? text : disk.read(path)) };
      assert.deepEqual(problemsOf([{ compose: [file] }], { files }), []);
    });
  }
});

test("settings that contradict the proxies cause a finding with each shipped configuration except Prometheus", () => {
  const wrong = "KEEP_ALIVE_TIMEOUT_MS=1000\nREQUEST_TIMEOUT_MS=70000\n";
  for (const paths of shippedDeployments(disk, root)) {
    if (skipWithoutKubectl(paths)) continue;
    const found = problemsOf([paths], { settings: wrong }).join("\n");
    if (paths.prometheus === undefined) assert.match(found, /grace-|deadline-/, JSON.stringify(paths));
  }
});
