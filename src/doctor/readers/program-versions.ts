import {
  type KnownVersion,
  type Program,
  parseVersion,
  programs,
  type Versions,
  versionText,
} from "../facts/versions.ts";
import type { Compose } from "./compose/compose.ts";
import { imageName } from "./container.ts";
import { podOf } from "./kubernetes/cluster-objects.ts";
import type { Manifests } from "./kubernetes/manifests.ts";
import { get, list, type Tree, text } from "./yaml-tree.ts";

type Image = { image: string; tree: Tree };

export function versionsOf(
  compose: readonly Compose[],
  manifests: readonly Manifests[],
  configured: Versions,
): Versions {
  const images = [
    ...compose.flatMap(({ services }) => services.flatMap(({ tree }) => imageOf(get(tree, "image")))),
    ...manifests.flatMap(({ objects }) =>
      objects.flatMap((object) => list(podOf(object), "containers").flatMap((one) => imageOf(get(one, "image")))),
    ),
  ];
  const named = programs.flatMap((program) => {
    const version = onlyVersion(images, program);
    return version === undefined ? [] : [[program, version] as const];
  });
  return { ...Object.fromEntries(named), ...configured };
}

const imageOf = (tree: Tree | undefined): Image[] => {
  const image = text(tree);
  return image === undefined || tree === undefined ? [] : [{ image, tree }];
};

/** Returns undefined where two images of the program have different versions. */
function onlyVersion(images: readonly Image[], program: Program): KnownVersion | undefined {
  const found = images
    .filter(({ image }) => imageName(image) === program || imageName(image) === `${program}-unprivileged`)
    .flatMap(({ image, tree }) => {
      const version = parseVersion(/:([^/@]+)(?:@.*)?$/.exec(image)?.[1] ?? "");
      return version === undefined ? [] : [{ version, at: tree.at }];
    });
  return new Set(found.map(({ version }) => versionText(version))).size === 1 ? found[0] : undefined;
}
