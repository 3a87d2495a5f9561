import { fileURLToPath } from "node:url";
import { providePackages } from "../../../test/shared/programs.ts";

/** An Express server with the usual packages, each as its README shows it. */
export const peerEntry = new URL("../../peers/usual-resilience.mjs", import.meta.url);

/** The packages of the peers, which are no part of the project's own tree. */
export const providePeer = (): void => providePackages(fileURLToPath(new URL("../../", import.meta.url)));
