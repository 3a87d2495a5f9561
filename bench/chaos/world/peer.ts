import { fileURLToPath } from "node:url";
import { providePackages } from "../../../test/shared/programs.ts";

const peers = new URL("../../peers/", import.meta.url);

/** An Express server with the usual packages, each as its README shows it. */
export const peerEntry = new URL("usual-resilience.mjs", peers);

/** The packages of the peers, which are not installed in the project's own tree. */
export const providePeer = (): void => providePackages(fileURLToPath(new URL("../../", import.meta.url)));
