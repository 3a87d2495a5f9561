import type { Diagnostics } from "../../diagnostics.ts";
import { isHavenSetting, type SettingValue, type SettingValues } from "../application-settings.ts";
import { entries, get, list, type Tree, text } from "../yaml-tree.ts";
import { inNamespaceOf, objectsOfKind } from "./cluster-objects.ts";
import type { Manifests } from "./manifests.ts";

type ContainerOwner = { container: Tree; workload: Tree };

/**
 * Returns the variables of a container: `envFrom`, overridden by `env`. Values from objects that were not read stay
 * unknown.
 */
export function containerEnvironment(
  { container, workload }: ContainerOwner,
  { objects }: Manifests,
  externalSettings: SettingValues,
  diagnostics?: Diagnostics,
): Map<string, SettingValue> {
  const environment = new Map<string, SettingValue>();
  const find = (kind: string, name: string): Tree | undefined =>
    inNamespaceOf(objectsOfKind(objects, kind, name), workload)[0];

  for (const source of list(container, "envFrom")) {
    const prefix = text(source, "prefix") ?? "";
    for (const [reference, kind] of [
      ["configMapRef", "ConfigMap"],
      ["secretRef", "Secret"],
    ] as const) {
      const name = text(source, reference, "name");
      if (name === undefined) continue;
      const found = find(kind, name);
      // A missing Secret is not reported: Secrets are usually kept outside of the repository, and hold no limits.
      if (found === undefined && kind === "ConfigMap" && ![...externalSettings.keys()].some(isHavenSetting))
        diagnostics?.addNote(
          source.at,
          `ConfigMap ${name} is not among the files: Haven's defaults are used for the settings in it`,
        );
      for (const [key, value] of dataOf(found)) environment.set(prefix + key, value);
    }
  }
  for (const variable of list(container, "env")) {
    const name = text(variable, "name");
    if (name === undefined) continue;
    const value = get(variable, "value");
    const from = get(variable, "valueFrom");
    const referenced =
      referencedValue(from, "configMapKeyRef", (objectName) => find("ConfigMap", objectName)) ??
      referencedValue(from, "secretKeyRef", (objectName) => find("Secret", objectName));
    if (value !== undefined) environment.set(name, { text: text(value) ?? "", at: value.at });
    else if (referenced !== undefined) environment.set(name, referenced);
    else if (from !== undefined) environment.set(name, { text: undefined, at: variable.at });
  }
  return environment;
}

function referencedValue(
  from: Tree | undefined,
  field: string,
  find: (name: string) => Tree | undefined,
): SettingValue | undefined {
  const found = find(text(from, field, "name") ?? "");
  return dataOf(found).get(text(from, field, "key") ?? "");
}

/** Returns the data of a ConfigMap or a Secret, decoded. */
function dataOf(object: Tree | undefined): Map<string, SettingValue> {
  const isBase64 = text(object, "kind") === "Secret";
  const plainText = (value: Tree) => text(value) ?? "";
  const decodedText = (value: Tree) => Buffer.from(plainText(value), "base64").toString("utf8");
  return new Map([
    ...entries(object, "data").map(
      ([key, value]) => [key, { text: isBase64 ? decodedText(value) : plainText(value), at: value.at }] as const,
    ),
    ...entries(object, "stringData").map(([key, value]) => [key, { text: plainText(value), at: value.at }] as const),
  ]);
}
