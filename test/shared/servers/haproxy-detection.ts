import { readConfig } from "../../../src/config/read-config.ts";
import { detectionTimeMs } from "../../../src/kit/health/monitor.ts";
import { numberIn, secondsIn, shippedText } from "./proxy-config-values.ts";

/** How long HAProxy takes to change the state of an instance, by the health check of haproxy/haproxy.cfg. */
export function haproxyDetection() {
  const text = shippedText("haproxy/haproxy.cfg");
  const server = /^ {4}default-server check (.*)$/m.exec(text)?.[1] ?? "";
  const time = (name: string) => secondsIn(` ${server}`, new RegExp(` ${name} (\\w+)`));
  const count = (name: string) => numberIn(` ${server}`, new RegExp(` ${name} (\\d+)`));
  const timeout = secondsIn(text, /^ {4}timeout check (\w+)$/m);
  const notReadyMs = 1000 * (time("inter") + (count("fall") - 1) * time("fastinter"));
  const { health } = readConfig({ NODE_ENV: "test" });
  return {
    notReadyMs,
    frozenMs: notReadyMs + 1000 * count("fall") * timeout,
    lostDatabaseMs: detectionTimeMs(health) + notReadyMs,
    recoveryMs: 1000 * (time("downinter") + (count("rise") - 1) * time("fastinter")),
  };
}

/** A drain for tests and measurements: shorter than in production, and long enough for the check of HAProxy. */
export const shortDrain = {
  DRAIN_DELAY_MS: String(Math.max(3000, haproxyDetection().notReadyMs + 500)),
  DRAIN_LINGER_MS: "1500",
  SHUTDOWN_TIMEOUT_MS: "5000",
};
