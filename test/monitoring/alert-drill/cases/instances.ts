import { once } from "node:events";
import { mkdirSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import type { Case } from "../case.ts";
import { get, sendEndlessly } from "../load.ts";
import type { Stage } from "../stage.ts";

const secondInstance = "api-server-2";
const smallDisk = "/run/small-disk";

const refusePostgres = (names: readonly string[]) => async (stage: Stage) => {
  await Promise.all(names.map((name) => stage.instance(name).database.set("refuse")));
  return () => Promise.all(names.map((name) => stage.instance(name).database.set("pass")));
};

/** Alerts about the processes: whether they run, are ready, and have enough resources. */
export const instanceCases: readonly Case[] = [
  {
    alert: "NoInstanceReady",
    fault: "all three processes have been killed",
    async inject({ all }) {
      await Promise.all(all.map((one) => one.kill()));
      return () => Promise.all(all.map((one) => one.restart()));
    },
    steps: [{ section: "NoInstanceReady", output: /^api-server-1 exited \(137\)/, finding: "No instance answers" }],
  },
  {
    alert: "TooFewInstancesReady",
    fault: "two of three instances lose Postgres",
    inject: refusePostgres([secondInstance, "api-server-3"]),
    steps: [
      { section: "TooFewInstancesReady", output: /^postgres: down, reason refused/, finding: "see InstanceNotReady" },
      { section: "InstanceNotReady", output: /^postgres: down, reason refused/, finding: "Only some instances" },
    ],
  },
  {
    alert: "InstanceDown",
    fault: "the process of one instance is frozen",
    async inject(stage) {
      const { child } = stage.instance(secondInstance).process();
      child.kill("SIGSTOP");
      return () => child.kill("SIGCONT");
    },
    steps: [{ section: "InstanceDown", output: /timed out/, finding: "the process is frozen" }],
  },
  {
    alert: "InstanceNotReady",
    fault: "one instance loses Postgres",
    inject: refusePostgres([secondInstance]),
    steps: [{ section: "InstanceNotReady", output: /^postgres: down, reason refused/, finding: "Only some instances" }],
  },
  {
    alert: "InstanceDrainingTooLong",
    fault: "a request that takes a minute delays a drain",
    async inject(stage) {
      const instance = stage.instance(secondInstance);
      await instance.restart({ DRAIN_DELAY_MS: "40000", SHUTDOWN_TIMEOUT_MS: "60000", REQUEST_TIMEOUT_MS: "70000" });
      void get(`${instance.url}/test/slow/60000`, 70_000).catch(() => undefined);
      instance.process().child.kill("SIGTERM");
      return () => instance.restart();
    },
    steps: [
      {
        section: "InstanceDrainingTooLong",
        output: /phase draining .* in flight [1-9]/,
        finding: "requests in progress",
      },
    ],
  },
  {
    alert: "InstanceStartingTooLong",
    fault: "an instance is started with a wrong password of Postgres",
    async inject(stage) {
      const url = new URL(stage.instance(secondInstance).database.url);
      url.username = "haven_app";
      url.password = "not-the-password";
      await stage.instance(secondInstance).restart({ DATABASE_URL: url.href }, "started");
      return () => stage.instance(secondInstance).restart();
    },
    steps: [
      {
        section: "InstanceStartingTooLong",
        output: /postgres: down, reason credentials|credentials/,
        finding: "`DATABASE_URL` of this instance is wrong",
      },
    ],
  },
  {
    alert: "InstanceRestarts",
    fault: "the process of one instance is killed repeatedly",
    withinMs: 60_000,
    async inject(stage) {
      for (let count = 0; count < 4; count += 1) {
        await stage.instance(secondInstance).kill();
        await stage.instance(secondInstance).restart();
        await new Promise((resolve) => setTimeout(resolve, 1500));
      }
      await stage.instance(secondInstance).kill();
      return () => stage.instance(secondInstance).restart();
    },
    steps: [{ section: "InstanceRestarts", output: /exited \(137\)/, finding: "Exit code 137" }],
  },
  {
    alert: "EventLoopSlow",
    fault: "one route of one instance computes for 400 ms",
    async inject(stage) {
      const { url } = stage.instance(secondInstance);
      return sendEndlessly(() => get(`${url}/test/spin/400`), { clients: 1, pauseMs: 100 });
    },
    steps: [
      {
        section: "EventLoopSlow",
        output: /"api-server-2","route":"\/test\/spin/,
        finding: "one request computes for too long",
      },
    ],
  },
  {
    alert: "RequestsShed",
    fault: "more work than one instance can do",
    async inject(stage) {
      const instance = stage.instance(secondInstance);
      await instance.restart({ OVERLOAD_DELAY_MS: "30" });
      return sendAndRestart(
        stage,
        sendEndlessly(() => get(`${instance.url}/test/spin/100`), { clients: 12 }),
      );
    },
    steps: [
      { section: "RequestsShed", output: /"api-server-2"\},"0*[1-9.]/, finding: "One instance sheds requests" },
      {
        section: "EventLoopSlow",
        output: /"api-server-2","route":"\/test\/spin/,
        finding: "one request computes for too long",
      },
    ],
  },
  {
    alert: "MemoryHigh",
    fault: "live objects fill the heap of one instance",
    async inject(stage) {
      const ballast = new URL("../../../support/heap-ballast.ts", import.meta.url).href;
      const options = `--max-old-space-size=400 --max-semi-space-size=1 --import=${ballast}`;
      await stage.instance(secondInstance).restart({ NODE_OPTIONS: options, TEST_HEAP_BALLAST_MB: "320" });
      return () => stage.instance(secondInstance).restart();
    },
    steps: [{ section: "MemoryHigh", output: /"api-server-2"\},"(?:0\.[89]|1)/, finding: "high but constant" }],
  },
  {
    alert: "ConnectionsNearLimit",
    fault: "clients bypass the balancer and hold connections",
    async inject(stage) {
      await stage.instance(secondInstance).restart({ HEADERS_TIMEOUT_MS: "60000" }, "ready", 200);
      const sockets = await holdConnections("127.0.0.3", 4000, 135, "127.0.7.7");
      return async () => {
        for (const socket of sockets) socket.destroy();
        await stage.instance(secondInstance).restart();
      };
    },
    steps: [
      {
        section: "ConnectionsNearLimit",
        output: /^1\d\d connections from 127\.0\.7\.7/,
        finding: "clients bypass the balancer",
      },
    ],
  },
  {
    alert: "InstanceAnswersSlowly",
    fault: "one route of one instance computes for 6 s",
    withinMs: 60_000,
    async inject(stage) {
      const { url } = stage.instance(secondInstance);
      const restore = await stage.monitoring.edit("prometheus.yml", (text) =>
        text
          .replace("scrape_interval: 1s", "scrape_interval: 7s")
          .replace("scrape_timeout: 900ms", "scrape_timeout: 7s"),
      );
      // A scrape waits for at most one request, so a single request has to take longer than the threshold.
      const stop = sendEndlessly(() => get(`${url}/test/spin/6000`), { clients: 2 });
      // The rate of a route exists only after two scrapes.
      await new Promise((resolve) => setTimeout(resolve, 30_000));
      return async () => {
        await stop();
        await restore();
      };
    },
    steps: [
      { section: "InstanceAnswersSlowly", output: /from here: [1-9]/, finding: "see EventLoopSlow" },
      {
        section: "EventLoopSlow",
        output: /"api-server-2","route":"\/test\/spin/,
        finding: "one request computes for too long",
      },
    ],
  },
  {
    alert: "DiskAlmostFull",
    fault: "another file fills the disk of one instance",
    async inject(stage) {
      mkdirSync(smallDisk, { recursive: true });
      await stage.run("mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs", smallDisk);
      await stage.instance(secondInstance).restart({ TMPDIR: smallDisk });
      await stage.run("dd", "if=/dev/zero", `of=${smallDisk}/old.log`, "bs=64k", "count=315");
      return async () => {
        rmSync(`${smallDisk}/old.log`);
        await stage.instance(secondInstance).restart();
        await stage.run("umount", smallDisk);
      };
    },
    steps: [
      { section: "DiskAlmostFull", output: /^tmpfs .* (?:9[89]|100)% \/run\/small-disk/, finding: "fill the disk" },
    ],
  },
];

const sendAndRestart = (stage: Stage, stop: () => Promise<void>) => async () => {
  await stop();
  await stage.instance(secondInstance).restart();
};

/** Opens idle connections from one address. */
export async function holdConnections(
  host: string,
  port: number,
  count: number,
  localAddress: string,
  begin = "",
): Promise<Socket[]> {
  const sockets = Array.from({ length: count }, () => connect({ host, port, localAddress }));
  for (const socket of sockets) socket.on("error", () => undefined).write(begin);
  await Promise.all(sockets.map((socket) => once(socket, "connect").catch(() => undefined)));
  return sockets;
}
