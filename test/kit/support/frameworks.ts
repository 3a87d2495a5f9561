import { fileURLToPath } from "node:url";
import { pinnedPackages } from "../../shared/pinned-packages.ts";

const frameworks = pinnedPackages({
  pinned: fileURLToPath(new URL("../frameworks", import.meta.url)),
  name: "kit-frameworks",
  tests: "the tests of the kit in Express, Fastify, Koa, NestJS and Hono, and with node-redis",
});

export const frameworksFolder = frameworks.folder;
export const withoutFrameworks = frameworks.skipIfMissing;
export const provideFrameworks = frameworks.provide;
