import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Answer, postJson } from "../../shared/requests/http.ts";
import { newPerson, register, sameSecret } from "../../shared/requests/people.ts";
import { startMailServer } from "../../shared/servers/mail-server.ts";
import { type Haven, startHaven } from "../../support/haven.ts";

/**
 * The number of calls with a known address, and with an unknown one. 25 calls are enough to detect a large difference, such
 * as a password hash that is computed for known addresses only. With SAME_TIME_CALLS=1000, and no other load on the
 * machine, the times may differ by at most 5 %.
 */
const calls = Number(process.env["SAME_TIME_CALLS"] ?? 25);
const maxDifference = calls >= 1000 ? 0.05 : 0.4;

const mail = await startMailServer();
const settings = {
  ...sameSecret,
  MAIL_URL: mail.url,
  MAIL_FROM: "no-reply@example.com",
  PUBLIC_URL: "https://app.example.com",
};

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

/** Calls with a known and an unknown address in turn, so that a change of the load affects both in the same way. */
async function medianTimes(call: (email: string) => Promise<Answer>, haven: Haven) {
  const known: number[] = [];
  const unknown: number[] = [];
  const { email } = await register(haven.url);
  for (let count = 0; count < calls; count += 1) {
    const order = count % 2 === 0 ? [known, unknown] : [unknown, known];
    for (const times of order) times.push((await call(times === known ? email : newPerson().email)).ms);
  }
  return { known: median(known), unknown: median(unknown) };
}

const assertSameTime = ({ known, unknown }: { known: number; unknown: number }): void => {
  const difference = Math.abs(known - unknown) / Math.max(known, unknown);
  const message = `known ${known.toFixed(2)} ms, unknown ${unknown.toFixed(2)} ms, ${(100 * difference).toFixed(1)} %`;
  assert.ok(difference < maxDifference, message);
};

describe("known and unknown addresses take the same time", () => {
  const flows = {
    "a login with a wrong password": ["open", "login", (email: string) => ({ email, password: "a wrong password" })],
    "a request to reset the password": ["open", "forgot-password", (email: string) => ({ email })],
    "a request for another verification mail": ["open", "verify-email/resend", (email: string) => ({ email })],
    "a registration that has to be verified": [
      "verified",
      "register",
      (email: string) => ({ email, password: "a new password", name: "Pat" }),
    ],
  } as const;
  for (const [name, [policy, path, bodyOf]] of Object.entries(flows)) {
    test(name, async (t) => {
      const open = await startHaven({ env: settings });
      const haven = policy === "open" ? open : await startHaven({ env: { ...settings, SIGN_UP: policy } });
      const call = (email: string) => postJson(`${haven.url}/api/v1/auth/${path}`, bodyOf(email));
      const times = await medianTimes(call, policy === "open" ? haven : open);
      t.diagnostic(`${name}: known ${times.known.toFixed(2)} ms, unknown ${times.unknown.toFixed(2)} ms`);
      assertSameTime(times);
    });
  }
});
