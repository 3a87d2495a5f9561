import { readFile } from "node:fs/promises";

// The process in which `npm run dev` runs the server. Loading the packages is most of the time of a start and does not
// depend on the sources, so it is done before the supervisor's message, which names the file that starts the server.

const { promise: message, resolve, reject } = Promise.withResolvers<unknown>();
process.once("message", resolve);
process.once("disconnect", reject);

const { dependencies }: { dependencies: Record<string, string> } = JSON.parse(
  await readFile(new URL("../package.json", import.meta.url), "utf8"),
);
// A package that cannot be loaded is reported by the source that needs it.
await Promise.allSettled(Object.keys(dependencies).map((name) => import(name)));

const given = await message.catch(() => undefined);
if (typeof given !== "object" || given === null || !("start" in given)) process.exit();
process.off("disconnect", reject);
process.disconnect?.();
await import(String(given.start));
