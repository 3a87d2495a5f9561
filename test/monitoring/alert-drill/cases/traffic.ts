import { createHmac } from "node:crypto";
import { ask } from "../../../shared/requests/http.ts";
import { bearer, register } from "../../../shared/requests/people.ts";
import type { Case } from "../case.ts";
import { get, longTimeouts, sendEndlessly } from "../load.ts";
import type { Stage } from "../stage.ts";

const secondInstance = "api-server-2";

const sendFailingRequests = (names: readonly string[]) => async (stage: Stage) => {
  const urls = names.map((name) => stage.instance(name).url);
  return sendEndlessly(() => Promise.all(urls.map((url) => get(`${url}/test/fail`))), { pauseMs: 20 });
};

const sendSlowRequests = (ms: number) => async (stage: Stage) =>
  sendEndlessly(() => Promise.all(stage.all.map(({ url }) => get(`${url}/test/slow/${ms}`))), { clients: 6 });

/** Delays the connections of all instances to Postgres, and sends requests that use Postgres. */
const slowDatabase: Case["inject"] = async (stage) => {
  await Promise.all(stage.all.map(({ database }) => database.set({ delayMs: 600 })));
  const stop = sendEndlessly(() => Promise.all(stage.all.map(({ url }) => get(`${url}/test/sql/1`))), { clients: 4 });
  return async () => {
    await stop();
    await Promise.all(stage.all.map(({ database }) => database.set("pass")));
  };
};

/** Alerts about requests, their responses and their durations. */
export const trafficCases: readonly Case[] = [
  {
    alert: "ServerErrorRatioHigh",
    fault: "a route throws an exception",
    inject: sendFailingRequests([secondInstance]),
    steps: [
      {
        section: "ServerErrorRatioHigh",
        output: /request failed +\/test\/fail.*test-routes\.ts:\d+/,
        finding: "500: a bug",
      },
    ],
  },
  {
    alert: "ClientErrorRatioHigh",
    fault: "one instance has another `JWT_SECRET`",
    async inject(stage) {
      const person = await register(stage.instance("api-server-1").url);
      const instance = stage.instance(secondInstance);
      await instance.restart({ JWT_SECRET: createHmac("sha256", "another").update("secret").digest("hex") });
      const stop = sendEndlessly(() => ask(`${instance.url}/api/v1/auth/me`, { headers: bearer(person) }), {
        pauseMs: 50,
      });
      return async () => {
        await stop();
        await instance.restart();
      };
    },
    steps: [
      {
        section: "ClientErrorRatioHigh",
        output: /"api-server-2".*"status":"401"/,
        finding: "401 on one instance only",
      },
    ],
  },
  {
    alert: "ClientsGiveUp",
    fault: "clients wait only 300 ms for a route that takes 5 s",
    async inject(stage) {
      const { url } = stage.instance(secondInstance);
      return sendEndlessly(() => get(`${url}/test/slow/5000`, 300), { pauseMs: 50 });
    },
    steps: [{ section: "ClientsGiveUp", output: /"\/test\/slow/, finding: "are in the second list too" }],
  },
  {
    alert: "LatencyP95High",
    fault: "the network to Postgres takes 600 ms",
    env: longTimeouts,
    inject: slowDatabase,
    steps: [
      { section: "LatencyP95High", output: /"name":"postgres"\},"(?:0\.[3-9]|[1-9])/, finding: "see DependencySlow" },
      {
        section: "DependencySlow",
        output: /check postgres: (?:[6-9]\d\d|\d{4})/,
        finding: "the time passes on the network",
      },
    ],
  },
  {
    alert: "LatencyP99High",
    fault: "requests wait for a database connection",
    async inject(stage) {
      const { url } = stage.instance(secondInstance);
      return sendEndlessly(() => get(`${url}/test/sql/1900`), { clients: 28 });
    },
    steps: [
      {
        section: "LatencyP99High",
        output: /"api-server-2","state":"waiting"\},"[1-9]/,
        finding: "see DatabasePoolExhausted",
      },
      { section: "DatabasePoolExhausted", output: /active connections: \d+/, finding: "statements are slow" },
    ],
  },
  {
    alert: "LoadUneven",
    fault: "the balancer does not send requests to one instance",
    withinMs: 60_000,
    async inject(stage) {
      const [first, , third] = stage.all;
      // The requests of earlier cases leave the window of the rates.
      await new Promise((resolve) => setTimeout(resolve, 16_000));
      return sendEndlessly(() => Promise.all([get(`${first?.url}/api`), get(`${third?.url}/api`)]), { pauseMs: 50 });
    },
    steps: [
      { section: "LoadUneven", output: /"api-server-2"\},"0(?:\.0)?\d*"/, finding: "the balancer has no entry for it" },
    ],
  },
  {
    alert: "NoTraffic",
    fault: "NGINX has stopped",
    withinMs: 90_000,
    async inject(stage) {
      const stop = sendEndlessly(() => Promise.all(stage.all.map(({ url }) => get(`${url}/api`))), { pauseMs: 100 });
      await new Promise((resolve) => setTimeout(resolve, 30_000));
      await stop();
      await stage.nginx().stop();
      stage.states.set("nginx", () => "exited (0)");
      return async () => {
        await stage.startNginx();
        stage.states.set("nginx", () => "running");
      };
    },
    steps: [
      { section: "NoTraffic", output: /nginx exited/, finding: "see NginxDown" },
      { section: "NginxDown", output: /nginx exited/, finding: "NGINX does not run" },
    ],
  },
  {
    alert: "AvailabilityBudgetBurnsFast",
    fault: "a route throws an exception on all instances",
    inject: sendFailingRequests(["api-server-1", secondInstance, "api-server-3"]),
    pendingBeforeFault: true,
    steps: [
      {
        section: "AvailabilityBudgetBurnsFast",
        output: /"\/test\/fail".*"500"/,
        finding: "One route fails on all instances",
      },
    ],
  },
  {
    alert: "AvailabilityBudgetBurnsSlowly",
    fault: "a route throws an exception on all instances",
    inject: sendFailingRequests(["api-server-1", secondInstance, "api-server-3"]),
    pendingBeforeFault: true,
    steps: [
      { section: "AvailabilityBudgetBurnsSlowly", output: /"\/test\/fail".*"500"/, finding: "which route to fix" },
    ],
  },
  {
    alert: "LatencyBudgetBurnsFast",
    fault: "the network to Postgres takes 600 ms",
    env: longTimeouts,
    inject: slowDatabase,
    pendingBeforeFault: true,
    steps: [
      {
        section: "LatencyBudgetBurnsFast",
        output: /"name":"postgres"\},"(?:0\.[3-9]|[1-9])/,
        finding: "see DependencySlow",
      },
      {
        section: "DependencySlow",
        output: /check postgres: (?:[6-9]\d\d|\d{4})/,
        finding: "the time passes on the network",
      },
    ],
  },
  {
    alert: "LatencyBudgetBurnsSlowly",
    fault: "one route takes a second",
    inject: sendSlowRequests(1000),
    pendingBeforeFault: true,
    steps: [{ section: "LatencyBudgetBurnsSlowly", output: /"\/test\/slow/, finding: "names the routes" }],
  },
];
