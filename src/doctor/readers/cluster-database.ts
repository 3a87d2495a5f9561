import { known } from "../facts.ts";
import type { Ledger } from "../source.ts";
import type { Bundle } from "./bundles.ts";
import { imageName, isPostgresImage } from "./container.ts";
import type { Workload } from "./kubernetes.ts";
import { named, namespaceOf, near, podOf } from "./objects.ts";
import { givenTo } from "./pod-environment.ts";
import { type Limit, limitAmong, limitFrom, limitOf, linesOf } from "./postgres.ts";
import type { GivenSettings } from "./settings.ts";
import { entries, get, list, type Tree, text } from "./yaml.ts";

/** `max_connections` of each Postgres in a cluster: as an argument, in a postgresql.conf, or in CloudNativePG's words. */
export function databasesOf(bundle: Bundle, ledger: Ledger): Limit[] {
  const found = bundle.objects.flatMap((object) => [
    ...operated(object, ledger),
    ...containersOf(object).map((container) => contained(container, object, bundle, ledger)),
  ]);
  return found.length > 0 ? found : configured(bundle, ledger);
}

const containersOf = (object: Tree): Tree[] =>
  list(podOf(object), "containers").filter((container) => isPostgresImage(text(container, "image") ?? ""));

/** A postgresql.conf for a Postgres that is started elsewhere. */
function configured({ objects }: Bundle, ledger: Ledger): Limit[] {
  const files = named(objects, "ConfigMap")
    .flatMap((map) => entries(map, "data"))
    .filter(([name]) => /^postgres(?:ql)?\.conf$/.test(name));
  return known(files.map(([, tree]) => limitAmong(linesOf(tree), ledger)));
}

function operated(object: Tree, ledger: Ledger): Limit[] {
  const found = get(object, "spec", "postgresql", "parameters", "max_connections");
  return text(object, "kind") !== "Cluster" || found === undefined ? [] : [limitFrom(text(found), found.at, ledger)];
}

function contained(container: Tree, object: Tree, bundle: Bundle, ledger: Ledger): Limit {
  const files = near(named(bundle.objects, "ConfigMap"), object)
    .flatMap((one) => entries(one, "data"))
    .flatMap(([, tree]) => linesOf(tree));
  return limitOf(
    {
      command: [...list(container, "command"), ...list(container, "args")],
      given: givenTo({ container, workload: object }, bundle, new Map()),
      files,
      at: get(container, "image")?.at ?? container.at,
    },
    ledger,
  );
}

/** By its address where that is known, else the only one there is, else the same for the same program. */
export function databaseUsedBy({ object, container }: Workload, given: GivenSettings, { objects }: Bundle): string {
  const url = given.get("DATABASE_URL")?.text ?? "";
  const host = /^postgres(?:ql)?:\/\/(?:[^@/]*@)?([^/?]+)/.exec(url)?.[1];
  if (host !== undefined) return host;
  const only = objects.flatMap(containersOf).length === 1;
  return `${namespaceOf(object) ?? ""} ${only ? "" : imageName(text(container, "image") ?? "")}`;
}
