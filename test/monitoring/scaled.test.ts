import { createSocket } from "node:dgram";
import { once } from "node:events";
import { cpSync } from "node:fs";
import { createServer } from "node:http";
import { test } from "node:test";
import { z } from "zod";
import { atEnd } from "../shared/at-end.ts";
import { eventually } from "../shared/eventually.ts";
import { without } from "../shared/programs.ts";
import { ask } from "../shared/requests/http.ts";
import { addresses, noNamespaceReason, runNamed, scratchFolder } from "./host-names.ts";
import { folder } from "./monitoring-files.ts";

const all = [addresses["api-server-1"], addresses["api-server-2"], addresses["api-server-3"]];

/** Starts a DNS server that resolves every name to these addresses, like the name server of a container network. */
async function serveNames(current: () => readonly string[]): Promise<void> {
  const socket = createSocket("udp4");
  socket.on("message", (query, { port, address }) => {
    const endOfName = query.indexOf(0, 12) + 1;
    const question = query.subarray(12, endOfName + 4);
    const isAddress = query.readUInt16BE(endOfName) === 1;
    const answers = isAddress ? current() : [];
    const head = Buffer.alloc(12);
    query.copy(head, 0, 0, 2);
    head.writeUInt16BE(0x8180, 2);
    head.writeUInt16BE(1, 4);
    head.writeUInt16BE(answers.length, 6);
    // A pointer to the name in the question, type A, class IN, one second, four bytes.
    const records = answers.map((ip) =>
      Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, ...ip.split(".").map(Number)]),
    );
    socket.send(Buffer.concat([head, question, ...records]), port, address);
  });
  socket.bind(53, addresses["name-server"]);
  await once(socket, "listening");
  atEnd(() => socket.close());
}

async function serveMetrics(host: string): Promise<void> {
  // Prometheus 3 refuses a response without a content type.
  const headers = { "Content-Type": "text/plain; version=0.0.4" };
  const server = createServer((_, response) => response.writeHead(200, headers).end("health_ready 1\n"));
  server.listen(4000, host);
  await once(server, "listening");
  atEnd(() => {
    server.closeAllConnections();
    server.close();
  });
}

const targets = z.object({
  data: z.object({
    activeTargets: z.array(
      z.object({ labels: z.object({ job: z.string(), instance: z.string() }), health: z.string() }),
    ),
  }),
});

const skip = noNamespaceReason || without("prometheus");

test("with the scaled configuration, Prometheus adds and removes instances when the addresses of their name change", {
  skip,
}, async () => {
  let current = all;
  await serveNames(() => current);
  for (const host of all) await serveMetrics(host);
  const copy = scratchFolder();
  cpSync(folder, copy, { recursive: true });
  const prometheus = runNamed(copy, "prometheus", [
    "--config.file=prometheus.scale.yml",
    "--storage.tsdb.path=prometheus-data",
    `--web.listen-address=${addresses.localhost}:9090`,
  ]);
  const findInstances = async () => {
    const answer = await ask(`http://${addresses.localhost}:9090/api/v1/targets`).catch(() => undefined);
    if (answer?.status !== 200) return prometheus.output().slice(-500);
    const { activeTargets } = targets.parse(answer.json()).data;
    const instances = activeTargets.filter(({ labels }) => labels.job === "haven-api");
    return instances.map(({ labels, health }) => `${labels.instance} ${health}`).sort();
  };
  const areUp = (hosts: readonly string[]) => (seen: unknown) =>
    JSON.stringify(seen) === JSON.stringify(hosts.map((host) => `${host}:4000 up`));
  // The first scrape of each instance is within the configured interval of 15 s.
  await eventually(findInstances, areUp(all), 25_000, 200);
  current = all.slice(0, 2);
  await eventually(findInstances, areUp(current), 15_000, 200);
});
