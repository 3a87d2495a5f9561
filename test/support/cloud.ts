import { readConfig } from "../../src/config/read-config.ts";
import { variables } from "../../src/config/variables.ts";
import { sampleSecrets } from "./kubernetes/pods.ts";

/** Reads the configuration from the settings of a cloud's files (NAME=VALUE NAME=VALUE). Fails for unknown settings. */
export function configFromCloud(settings: string) {
  // The user has to fill in only the ranges of the subnets.
  const filledIn = settings.replace(/TRUST_PROXY=FILL-IN\S*/, "TRUST_PROXY=10.0.1.0/24,10.0.2.0/24");
  const environment = Object.fromEntries(filledIn.split(" ").map((setting) => setting.split("=", 2)));
  return configWith({ NODE_ENV: "production", ...sampleSecrets, ...environment });
}

export function configWith(environment: Readonly<Record<string, string>>) {
  for (const name of Object.keys(environment))
    if (!(name in variables.shape)) throw new Error(`There is no setting ${name}`);
  return readConfig(environment);
}

/** Returns the value that a platform inserts for a reference to its database, its Redis or its secret generator. */
export function givenByPlatform(name: string): string {
  const value = new Map(Object.entries(sampleSecrets)).get(name);
  if (value === undefined) throw new Error(`sampleSecrets has no value for ${name}`);
  return value;
}
