import { fileURLToPath } from "node:url";
import { providePackages } from "../../../test/shared/programs.ts";

const peers = new URL("../../peers/", import.meta.url);

/** The comparison server: Express with the usual packages, each used as its README shows. */
export const peerEntry = new URL("usual-resilience.mjs", peers);

/** Installs the packages of the comparison servers in a separate folder. */
export const providePeer = (): void => providePackages(fileURLToPath(new URL("../../", import.meta.url)));
