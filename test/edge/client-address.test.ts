import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { before, suite, test } from "node:test";
import { z } from "zod";
import { atEnd } from "../shared/at-end.ts";
import { eventually } from "../shared/eventually.ts";
import { ask } from "../shared/requests/http.ts";
import { runProgram } from "../shared/run-program.ts";
import { startEngines } from "../shared/servers/fleet.ts";
import { type Haven, startHaven } from "../support/haven.ts";
import { render } from "../support/kubernetes/kustomize.ts";
import { gatewayRange } from "../support/kubernetes/pods.ts";

// The addresses of a cluster, simulated on one machine: the pod of Haven, and the pod of a gateway that appends to
// X-Forwarded-For. The gateway receives the address of the client or, if a node forwards the connection with its own address
// (externalTrafficPolicy: Cluster), the address of the node.

const gateway = "10.97.0.1";
const pod = "10.97.1.2";
const node = "10.98.0.7";
const client = "198.51.100.9";
const forged = "203.0.113.66";

const gateways = {
  nginx: {
    port: 8091,
    file: "/run/gateway-nginx.conf",
    text: `daemon off; pid /run/gateway-nginx.pid; error_log stderr;
events {}
http {
  access_log off;
  server {
    listen ${gateway}:8091;
    location / {
      proxy_pass http://${pod}:4000;
      proxy_bind ${gateway};
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    }
  }
}
`,
    command: ["nginx", "-c"],
  },
  haproxy: {
    port: 8092,
    file: "/run/gateway-haproxy.cfg",
    text: `defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
frontend in
  bind ${gateway}:8092
  default_backend haven
backend haven
  option forwardfor
  source ${gateway}
  server haven ${pod}:4000
`,
    command: ["haproxy", "-f"],
  },
} as const;

/** Returns TRUST_PROXY of the overlay, with the range of the gateway filled in. */
function trustedByOverlay(): string {
  const [config] = render("overlays/production").filter(({ kind }) => kind === "ConfigMap");
  const { TRUST_PROXY = "" } = z.record(z.string(), z.string()).parse(config?.["data"]);
  return TRUST_PROXY.startsWith("FILL-IN") ? gatewayRange : TRUST_PROXY;
}

const agent = new Agent({ keepAlive: true });
atEnd(() => agent.destroy());

/** Logs in with a forged address; logins are limited by address. */
function logIn(port: number, from: string, requestId: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { "X-Forwarded-For": forged, "X-Request-Id": requestId, "Content-Type": "application/json" };
    const to = { host: gateway, port, method: "POST", path: "/api/v1/auth/login" };
    request({ ...to, localAddress: from, headers, agent }, (response) => {
      response.resume().on("end", resolve);
    })
      .on("error", reject)
      .end('{"email":"ada@example.org","password":"not the password"}');
  });
}

suite("the address of a client behind a gateway of Kubernetes", () => {
  let haven: Haven;

  before(async () => {
    for (const address of [gateway, pod, node, client]) {
      const { code, output } = await runProgram("ip", ["addr", "add", `${address}/32`, "dev", "lo"]);
      assert.equal(code, 0, output);
    }
    await startEngines();
    haven = await startHaven({
      env: { HOST: pod, PORT: "4000", TRUST_PROXY: trustedByOverlay() },
      waitUntil: "listening",
    });
    for (const { file, text, command, port } of Object.values(gateways)) {
      writeFileSync(file, text);
      const [program, option] = command;
      const child = spawn(program, [option, file], { stdio: ["ignore", "inherit", "inherit"] });
      const ended = once(child, "exit");
      atEnd(async () => {
        child.kill("SIGTERM");
        await ended;
      });
      await eventually(
        () =>
          ask(`http://${gateway}:${port}/alive`).then(
            ({ status }) => status,
            () => 0,
          ),
        (status) => status === 200,
        15_000,
      );
    }
  });

  const addressOf = async (port: number, from: string): Promise<unknown> => {
    const requestId = randomUUID();
    await logIn(port, from, requestId);
    const lines = await eventually(
      () => haven.logs.filter((line) => line["requestId"] === requestId && line.msg === "request"),
      ({ length }) => length > 0,
    );
    return lines[0]?.["address"];
  };

  for (const [name, { port }] of Object.entries(gateways)) {
    test(`${name}: if a node replaces the address of a client, the client cannot forge an address`, async () => {
      assert.equal(await addressOf(port, node), node);
    });

    test(`${name}: a client with a visible address is limited by that address, whatever headers it sends`, async () => {
      assert.equal(await addressOf(port, client), client);
    });
  }
});
