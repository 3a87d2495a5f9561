import { readFileSync } from "node:fs";
import { z } from "zod";

const manifest = z.object({ version: z.string() });

export const service = "haven-api";

/** Works from src/ and from dist/: both are beside package.json. */
export const version = manifest.parse(
  JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")),
).version;

/** The settings that may be part of the identity of a process. */
type IdentitySettings = { instance: string; build: { commit: string | null; builtAt: string | null } };

/** Identifies this process in the answers of probes, operator endpoints and `GET /api`. */
export const identityOf = ({ instance }: IdentitySettings) => ({ service, version, instance });

/** One example for each member of `identityOf`, for the API reference. */
export const identityExamples: Readonly<Record<keyof ReturnType<typeof identityOf>, string>> = {
  service,
  version: "1.4.2",
  instance: "api-server-2",
};
