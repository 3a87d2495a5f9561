import { readFile } from "node:fs/promises";

// The process in which `npm run dev` runs the server. Loading the packages takes most of the time of a start and does
// not depend on the sources. So this process loads the packages in advance. Then it waits for the message of the
// development server, which names the file that starts the server.

const { promise: message, resolve, reject } = Promise.withResolvers<unknown>();
process.once("message", resolve);
process.once("disconnect", reject);

const { dependencies }: { dependencies: Record<string, string> } = JSON.parse(
  await readFile(new URL("../package.json", import.meta.url), "utf8"),
);
// If a package cannot be loaded, the source that imports it reports the error later.
await Promise.allSettled(Object.keys(dependencies).map((name) => import(name)));

const received = await message.catch(() => undefined);
if (typeof received !== "object" || received === null || !("start" in received)) process.exit();
process.off("disconnect", reject);
process.disconnect?.();
await import(String(received.start));
