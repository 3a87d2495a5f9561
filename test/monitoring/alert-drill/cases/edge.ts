import { readFileSync, rmSync, writeFileSync } from "node:fs";
import type { Socket } from "node:net";
import { send } from "../../../shared/requests/proxy-client.ts";
import { startHaproxy } from "../../../shared/servers/proxies.ts";
import type { Case } from "../case.ts";
import { sendEndlessly } from "../load.ts";
import type { Stage } from "../stage.ts";
import { holdConnections } from "./instances.ts";

const replaceCertificate =
  (days: number): Case["inject"] =>
  async (stage) => {
    const files = ["-keyout", "/etc/nginx/ssl/key.pem", "-out", "/etc/nginx/ssl/cert.pem"];
    const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,DNS:api.haven.com"];
    const issue = (validDays: number) =>
      stage.run(
        "openssl",
        "req",
        "-x509",
        "-nodes",
        "-newkey",
        "rsa:2048",
        "-days",
        String(validDays),
        ...subject,
        ...files,
      );
    await issue(days);
    await stage.nginx().reload();
    return async () => {
      await issue(90);
      await stage.nginx().reload();
    };
  };

const exporterFile = new URL("../../../../docker/haproxy/exporter.cfg", import.meta.url);

/** Replaces NGINX with HAProxy for the duration of a case. */
const behindHaproxy =
  (injectFault: (stage: Stage) => Promise<() => Promise<unknown> | unknown>): Case["inject"] =>
  async (stage) => {
    await stage.nginx().stop();
    // The shipped containers run HAProxy with this exporter.
    const haproxy = await startHaproxy({ edit: (file) => `${file}\n${readFileSync(exporterFile, "utf8")}` });
    stage.states.set("haproxy", () => "running");
    stage.logs.set("haproxy", haproxy.log);
    await new Promise((resolve) => setTimeout(resolve, 3000));
    const repair = await injectFault(stage).catch(async (error: unknown) => {
      await haproxy.stop();
      await stage.startNginx();
      throw error;
    });
    return async () => {
      await repair();
      await haproxy.stop();
      await stage.startNginx();
    };
  };

const stopNginx: Case["inject"] = async (stage) => {
  await stage.nginx().stop();
  stage.states.set("nginx", () => "exited (0)");
  return async () => {
    await stage.startNginx();
    stage.states.set("nginx", () => "running");
  };
};

/** Alerts about the load balancer, and about the service as clients reach it. */
export const edgeCases: readonly Case[] = [
  {
    alert: "NginxDown",
    fault: "NGINX has stopped",
    inject: stopNginx,
    steps: [{ section: "NginxDown", output: /nginx exited/, finding: "NGINX does not run" }],
  },
  {
    alert: "NginxDropsConnections",
    fault: "idle clients hold all connections of NGINX",
    async inject(stage) {
      const file = "/etc/nginx/nginx.conf";
      await stage.run(
        "sed",
        "-i",
        "-E",
        "s/worker_connections +[0-9]+/worker_connections 64/; s/worker_processes +[a-z0-9]+/worker_processes 1/",
        file,
      );
      await stage.nginx().reload();
      // NGINX does not close a connection whose request has begun to make room for a new one.
      const hold = (count: number) =>
        holdConnections("127.0.0.1", 80, count, "127.0.7.7", "GET / HTTP/1.1\r\nHost: x\r\n");
      const held = await hold(30);
      const bursts = setInterval(async () => {
        const burst: Socket[] = [];
        // The last connections open one at a time: near its limit, NGINX closes unread connections to make room for new ones.
        for (const size of [10, 10, 10, 10, 10, ...Array<number>(25).fill(1)]) {
          burst.push(...(await hold(size)));
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
        for (const socket of burst) socket.destroy();
      }, 2500);
      return async () => {
        clearInterval(bursts);
        for (const socket of held) socket.destroy();
        await stage.nginx().stop();
        await stage.startNginx();
      };
    },
    steps: [
      {
        section: "NginxDropsConnections",
        output: /worker_connections are not enough/,
        finding: "raise `worker_connections`",
      },
    ],
  },
  {
    alert: "NginxFindsNoInstance",
    fault: "all three processes have been killed",
    async inject({ all }) {
      await Promise.all(all.map((one) => one.kill()));
      const stop = sendEndlessly(() => send("/api"), { pauseMs: 100 });
      return async () => {
        await stop();
        await Promise.all(all.map((one) => one.restart()));
      };
    },
    steps: [
      { section: "NginxFindsNoInstance", output: /^ *\d+ 502 .*127\.0\.0\.2:4000/, finding: "502 for all instances" },
      { section: "InstanceDown", output: /^api-server-2 exited \(137\)/, finding: "Exit code 137" },
    ],
  },
  {
    alert: "NginxRejectsRequests",
    fault: "one client sends more requests than the limit of an address",
    inject: async () => sendEndlessly(() => send("/api", { from: "127.0.7.7" }), { clients: 4, pauseMs: 50 }),
    steps: [
      {
        section: "NginxRejectsRequests",
        output: /^ *\d+ requests of 127\.0\.7\.7 for \/api/,
        finding: "a client that must slow down",
      },
    ],
  },
  {
    alert: "NginxLogExporterDown",
    fault: "the exporter of the access log has stopped",
    async inject({ monitoring }) {
      await monitoring.programs["nginx-log-exporter"].stop();
      return () => monitoring.programs["nginx-log-exporter"].start();
    },
    steps: [
      { section: "NginxLogExporterDown", output: /nginx-log-exporter exited/, finding: "The exporter has exited" },
    ],
  },
  {
    alert: "HAProxyDown",
    fault: "HAProxy has stopped, and its configuration has a mistake",
    pendingBeforeFault: true,
    async inject(stage) {
      writeFileSync("/etc/haproxy/haproxy.cfg", "frontend api\n  bindd :80\n");
      stage.states.set("haproxy", () => "exited (1)");
      return () => rmSync("/etc/haproxy/haproxy.cfg");
    },
    steps: [
      { section: "HAProxyDown", output: /haproxy\.cfg:2\].*bindd/, finding: "The check of the configuration fails" },
    ],
  },
  {
    alert: "HAProxyServerDown",
    fault: "one instance loses Postgres",
    inject: behindHaproxy(async (stage) => {
      await stage.instance("api-server-2").database.set("refuse");
      return () => stage.instance("api-server-2").database.set("pass");
    }),
    steps: [
      { section: "HAProxyServerDown", output: /^postgres: down, reason refused/, finding: "The instance is not ready" },
    ],
  },
  {
    alert: "HAProxyConnectionsNearLimit",
    fault: "three addresses hold most of the connections",
    inject: behindHaproxy(async (stage) => {
      await stage.run("sh", "-c", "echo 'set maxconn global 120' | socat stdio /var/run/haproxy.sock");
      const sockets: Socket[] = [];
      for (let round = 1; round <= 11; round += 1)
        sockets.push(...(await holdConnections("127.0.0.1", 443, 10, `127.0.7.${7 + (round % 3)}`)));
      return () => {
        for (const socket of sockets) socket.destroy();
      };
    }),
    steps: [
      {
        section: "HAProxyConnectionsNearLimit",
        output: /^\d{2,3} connections from 127\.0\.7\.[789]/,
        finding: "A few addresses hold most",
      },
    ],
  },
  {
    alert: "EdgeUnreachable",
    fault: "NGINX has stopped",
    inject: stopNginx,
    steps: [
      { section: "EdgeUnreachable", output: /nginx exited/, finding: "See NginxDown" },
      { section: "NginxDown", output: /nginx exited/, finding: "NGINX does not run" },
    ],
  },
  {
    alert: "EdgeCertificateExpiresSoon",
    fault: "the certificate expires in 10 days, and nothing renews it",
    inject: replaceCertificate(10),
    steps: [{ section: "EdgeCertificateExpiresSoon", output: /notAfter/, finding: "is renewed by a program" }],
  },
  {
    alert: "EdgeCertificateExpiresWithinDays",
    fault: "the certificate expires in 3 days",
    inject: replaceCertificate(3),
    steps: [
      { section: "EdgeCertificateExpiresWithinDays", output: /notAfter/, finding: "as for EdgeCertificateExpiresSoon" },
    ],
  },
];
