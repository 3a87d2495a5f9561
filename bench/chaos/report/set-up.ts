import { requestIntervalMs } from "../load/load.ts";
import { ballastRows, settings, userCount } from "../world/world.ts";

/** What the figures were made with. */
export const setUp = `## The set-up

- Each of ${userCount} users has an address of its own and begins a request every ${requestIntervalMs / 1000} s whether or not the last one is answered: by turns a
  public read (\`GET /api\`), an authenticated read of one row, and a write (\`POST /api/v1/properties\`).
- The table that they write to has ${ballastRows.toLocaleString("en")} other rows. Postgres writes its log to disk at every commit; Redis appends
  to its own as \`docker/\` has it.
- Instances run as \`node src/main.ts\` with the settings below: the drain is shorter than in production (8, 3 and 25 s), tokens
  live longer than the run, only warnings are logged; all others are as they ship.
- A path that is black-holed or slow is so between one instance and its Postgres or Redis, in a proxy that stands there.
  What goes into a black hole is lost: connections over it have to be given up.
- Bounds: nothing acknowledged is lost or doubled; no attempt fails in a rolling restart, a reload or a migration; no request fails
  because of an instance or of Redis; attempts that fail when an instance dies were under way there; authenticated reads fail for no longer than
  a breaker needs to open (0.5 s); requests succeed again within two check intervals (4 s) of the end of Postgres' trouble;
  long after, there are no more connections and handles than before, and at most 1.1 times the memory.

\`\`\`
${Object.entries(settings)
  .map(([name, value]) => `${name}=${value}`)
  .join("\n")}
\`\`\``;
