import type { RunInfo } from "../report/report.ts";
import { wrapMarkdown } from "../report/wrap-markdown.ts";
import type { CapacityFigures, FleetRate, Growth, Rate } from "./figures.ts";

/** The share of its core that an instance should use in the busiest minute, so that the fleet can lose an instance. */
const usableShare = 0.6;

export const capacityPage = (figures: CapacityFigures, runInfo: RunInfo): string =>
  wrapMarkdown(
    `${[
      "# Capacity",
      intro(runInfo),
      "## What one instance on one core serves",
      ratesTable(figures.rates),
      `The processor times are for each request. Those of Postgres and Redis include their background processes. With
\`SESSION_CACHE=off\`, or in a Redis Cluster, each authenticated request reads its session from Redis; otherwise only the
first one after a start or a change does. A sign-in hashes a password, which is slow on purpose.`,
      "## Memory",
      memory(figures),
      "## Growth",
      "The request is an authenticated GET of one row.",
      ...[figures.connections, figures.rows, figures.sessions].map(growth),
      "Each request of the table with the sessions reads its session from Redis.",
      "## Several instances",
      fleetTable(figures.fleet),
      "## How to size a fleet",
      sizing(figures),
    ].join("\n\n")}\n`,
  );

const intro = ({ machine, commit, minutes, pinned, day }: RunInfo): string =>
  `This page is written by \`npm run bench -- --capacity\`: commit ${commit}, ${day}, ${Math.round(minutes)} minutes. It
shows what one instance serves and needs, as a basis for the size of a fleet. How Haven compares with other servers is on
the page [Performance](performance.md).

- **Machine**: ${machine}. ${
    pinned
      ? "The instance has a core for itself; the load generator, Postgres and Redis share another one, so Postgres limits some of the figures."
      : "The instance shares its core with other processes on this machine, so the figures are rough."
  }
- **Load**: wrk with 16 kept-alive connections. Every request was answered with success.`;

const count = (value: number): string => Math.round(value).toLocaleString("en");
const microseconds = (value: number): string => (value < 10 ? `${value.toFixed(1)} µs` : `${count(value)} µs`);
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(bytes < 10e6 ? 1 : 0)} MB`;
const kilobytes = (bytes: number): string => `${(bytes / 1000).toFixed(1)} kB`;
const milliseconds = (value: number): string => `${value.toFixed(1)} ms`;

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");

const fleetTable = (fleet: readonly FleetRate[]): string =>
  fleet.length === 0
    ? "Not measured: the run could not start the proxies."
    : `${table(
        ["authenticated GET of one row", "a second"],
        fleet.map(({ what, perSecond }) => [what, count(perSecond)]),
      )}

Here all instances, the proxy, the stores and the load generator share the cores of the machine, so three instances serve
more than one only as far as cores are free.`;

const ratesTable = (rates: readonly Rate[]): string =>
  table(
    ["request", "a second", "p99", "instance", "Postgres", "Redis"],
    rates.map(({ request, perSecond, p99Ms, serverUs, postgresUs, redisUs }) => [
      request,
      count(perSecond),
      milliseconds(p99Ms),
      microseconds(serverUs),
      microseconds(postgresUs),
      microseconds(redisUs),
    ]),
  );

function memory({ idleBytes, bytesPerStream, connections, sessions }: CapacityFigures): string {
  return `- An idle instance: ${megabytes(idleBytes)}.
- An open event stream: ${kilobytes(bytesPerStream)}.
- An open idle connection: ${kilobytes(bytesOfEach(connections))}.
- An active session: ${kilobytes(bytesOfEach(sessions))} in Redis. An instance remembers at most 20,000 sessions in 8 MiB.`;
}

/** Returns the additional bytes for each additional connection or session, from the first to the last step. */
function bytesOfEach({ steps }: Growth): number {
  const [first, last] = [steps[0], steps.at(-1)];
  return first === undefined || last === undefined ? 0 : (last.bytes - first.bytes) / (last.count - first.count);
}

const growth = ({ what, steps, bytesOf }: Growth): string =>
  table(
    [what, "requests a second", "p99", bytesOf],
    steps.map((step) => [count(step.count), count(step.perSecond), milliseconds(step.p99Ms), megabytes(step.bytes)]),
  );

function sizing({ rates, idleBytes, bytesPerStream, connections }: CapacityFigures): string {
  const costliest = [...rates].sort((a, b) => b.postgresUs - a.postgresUs)[0];
  const example = rates[2];
  const share = (usableShare * 100).toFixed(0);
  const perInstance = count((example?.perSecond ?? 0) * usableShare);
  return `1. Multiply the requests of each kind in the busiest minute with the processor time of the instance, and add them up. The
   sum is the number of cores that the fleet needs. An instance uses one core, and a little of a second one for the garbage
   collection and the export of traces.
2. Plan for at most ${share} % of each core, and for one instance more than that: during a rolling restart, or after the loss of
   a machine, the others take over its load. For ${example?.request ?? ""} that is ${perInstance} requests a second for each instance.
3. Give each instance ${megabytes(idleBytes)}, its streams (${kilobytes(bytesPerStream)} each) and its connections
   (${kilobytes(bytesOfEach(connections))} each), plus what [memory.md](memory.md) lists for uploads and requests in progress.
4. Do the same sum for Postgres and Redis. Of these requests, ${costliest?.request ?? ""} costs Postgres most
   (${microseconds(costliest?.postgresUs ?? 0)}).
5. Postgres has to accept the connections of all instances: \`DB_POOL_MAX\` and those of the health checks, times the
   instances.`;
}
