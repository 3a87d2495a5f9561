import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { readConfig } from "../../src/config/read-config.ts";
import { sameSecret } from "../shared/requests/people.ts";

const read = (file: string) => readFileSync(new URL(`../../${file}`, import.meta.url), "utf8");
const limitsConf = read("nginx/haven/limits.conf");
const nginxConf = read("nginx/nginx.conf");
const haproxyCfg = read("haproxy/haproxy.cfg");

function numberIn(text: string, pattern: RegExp): number {
  const found = Number(pattern.exec(text)?.[1]);
  assert.ok(Number.isFinite(found), `no number for ${pattern}`);
  return found;
}

const nginxRate = (zone: string, per: "s" | "m"): number =>
  numberIn(limitsConf, new RegExp(`zone=${zone}:\\S+ rate=(\\d+)r/${per};`));

function nginxBurst(zone: string): number {
  const found = [...nginxConf.matchAll(new RegExp(`limit_req zone=${zone} burst=(\\d+) nodelay;`, "g"))];
  const [burst, ...others] = new Set(found.map(([, count]) => Number(count)));
  assert.ok(burst !== undefined && others.length === 0, `zone ${zone} has one burst`);
  return burst;
}

/** What one address may send within the window of HAProxy's table. All of it may be sent at once. */
function haproxyLimit(table: string, condition: string): { burst: number; perSecond: number } {
  const burst = numberIn(haproxyCfg, new RegExp(` if ${condition} \\{ sc[01]_gpc0_rate ge (\\d+) \\}`));
  const [, window, unit] = new RegExp(`backend ${table}\\n.*gpc0_rate\\((\\d+)([sm])\\)`).exec(haproxyCfg) ?? [];
  return { burst, perSecond: burst / (Number(window) * (unit === "m" ? 60 : 1)) };
}

const haproxy = {
  api: haproxyLimit("limit_api", "!is_image"),
  images: haproxyLimit("limit_image", "is_image"),
  auth: haproxyLimit("limit_auth", "is_sign_in"),
  upload: haproxyLimit("limit_upload", "is_upload_of_image"),
};

for (const zone of ["auth", "upload"]) {
  test(`the Retry-After of NGINX for zone ${zone} is the time in which its rate admits one more request`, () => {
    const pattern = new RegExp(`set \\$retry_after (\\d+);.*\\n\\s+limit_req zone=${zone} `);
    assert.equal(numberIn(nginxConf, pattern), 60 / nginxRate(zone, "m"));
  });
}

test("both proxies limit an address to the same rates", () => {
  for (const [zone, seconds] of [
    ["api", 1],
    ["images", 1],
    ["auth", 60],
    ["upload", 60],
  ] as const)
    assert.equal(haproxy[zone].perSecond * seconds, nginxRate(zone, seconds === 1 ? "s" : "m"), zone);
});

test("docs/load-balancing.md names the rates and bursts of the proxies beside the limit of the app", () => {
  const list = (numbers: readonly number[]) => numbers.join(", ").replace(/, (\d+)$/, " and $1");
  const ofNginx = list(["api", "images", "auth", "upload"].map(nginxBurst));
  const ofHaproxy = list([haproxy.api, haproxy.images, haproxy.auth, haproxy.upload].map(({ burst }) => burst));
  const { rateLimitPerMinute } = readConfig({ JWT_SECRET: sameSecret.JWT_SECRET }).auth;
  const row =
    `| limits of an address: ${nginxRate("api", "s")} requests and ${nginxRate("images", "s")} images a second, ` +
    `${nginxRate("auth", "m")} sign-ins and ${nginxRate("upload", "m")} uploads a minute; ` +
    `bursts of ${ofNginx} (NGINX), of ${ofHaproxy} (HAProxy) | \`AUTH_RATE_LIMIT\` ${rateLimitPerMinute} |`;
  assert.ok(read("docs/load-balancing.md").includes(row), row);
});
