import { readConfig } from "../../../src/config/read-config.ts";
import { haproxyDetection } from "../../shared/servers/haproxy-detection.ts";
import { numberIn, secondsIn, shippedText } from "../../shared/servers/proxy-config-values.ts";

// Figures that follow from the configurations of the proxies. The rates of nginx/haven/limits.conf and the health check
// of haproxy/haproxy.cfg are the sources. `npm run proxy-files` writes the other figures.

const files = {
  limits: "nginx/haven/limits.conf",
  nginx: "nginx/nginx.conf",
  proxy: "nginx/haven/proxy.conf",
  upstream: "nginx/haven/upstream.conf",
  haproxy: "haproxy/haproxy.cfg",
  page: "docs/proxy-figures.md",
};

type Kind = { name: "api" | "images" | "auth" | "upload"; label: string; per: "s" | "m"; table: string; when: string };

const kinds: readonly Kind[] = [
  { name: "api", label: "API requests", per: "s", table: "limit_api", when: "!is_image" },
  { name: "images", label: "images", per: "s", table: "limit_image", when: "is_image" },
  {
    name: "auth",
    label: "sign-ins, registrations and password changes",
    per: "m",
    table: "limit_auth",
    when: "is_sign_in",
  },
  { name: "upload", label: "uploads of images", per: "m", table: "limit_upload", when: "is_upload_of_image" },
];

export type Limit = {
  /** Requests in `perSeconds`. */
  rate: number;
  perSeconds: 1 | 60;
  nginx: { burst: number; retryAfterSeconds: number };
  /** HAProxy counts in a window, so that the whole burst is available at its beginning. */
  haproxy: { burst: number; windowSeconds: number };
};

/** Returns the limits of one client address. */
export function limitOf(name: Kind["name"]): Limit {
  const kind = kinds.find((one) => one.name === name);
  if (kind === undefined) throw new Error(`there is no limit ${name}`);
  const rate = numberIn(shippedText(files.limits), new RegExp(`zone=${name}:\\S+ rate=(\\d+)r/${kind.per};`));
  const perSeconds = kind.per === "s" ? 1 : 60;
  const windowSeconds = secondsIn(
    shippedText(files.haproxy),
    new RegExp(`backend ${kind.table}\\n.*gpc0_rate\\((\\w+)\\)`),
  );
  return {
    rate,
    perSeconds,
    nginx: { burst: burstOf(name), retryAfterSeconds: Math.ceil(perSeconds / rate) },
    haproxy: { burst: (rate * windowSeconds) / perSeconds, windowSeconds },
  };
}

/** How long NGINX waits for the response of an instance. */
export const waitOfNginxMs = (): number => 1000 * secondsIn(shippedText(files.proxy), /^proxy_read_timeout (\w+);$/m);

/**
 * How long NGINX may send requests to a frozen instance: until `max_fails` requests have timed out. With `least_conn`, NGINX
 * sends these requests within a few seconds. The bound allows `fail_timeout` for sending them.
 */
export const frozenBoundOfNginxMs = (): number =>
  waitOfNginxMs() + 1000 * secondsIn(shippedText(files.upstream), /fail_timeout=(\w+);/);

/** Each generated file with its text. */
export function proxyFigureFiles(): ReadonlyMap<string, string> {
  return new Map([
    [files.nginx, withRetryAfter(shippedText(files.nginx))],
    [files.haproxy, withThresholds(shippedText(files.haproxy))],
    [files.page, page()],
  ]);
}

const withRetryAfter = (text: string): string =>
  text.replaceAll(/(set \$retry_after )\d+(; #.*\n\s+limit_req zone=(auth|upload) )/g, (_, before, after, zone) => {
    return `${before}${limitOf(zone).nginx.retryAfterSeconds}${after}`;
  });

const withThresholds = (text: string): string =>
  kinds.reduce((changed, { name, when }) => {
    const line = new RegExp(`str\\(\\d+\\)( if ${when} \\{ sc[01]_gpc0_rate ge )\\d+`);
    const { burst, windowSeconds } = limitOf(name).haproxy;
    return changed.replace(line, (_, middle) => `str(${windowSeconds})${middle}${burst}`);
  }, text);

const inSeconds = (ms: number): string => `${ms / 1000} s`;

function page(): string {
  const { notReadyMs, frozenMs, lostDatabaseMs, recoveryMs } = haproxyDetection();
  const rows = kinds.map(({ name, label }) => {
    const { rate, perSeconds, nginx, haproxy } = limitOf(name);
    const unit = perSeconds === 1 ? "second" : "minute";
    const [ofNginx, ofHaproxy] = [nginx, haproxy].map(({ burst }) => burst);
    const retryAfter = `${nginx.retryAfterSeconds} s | ${haproxy.windowSeconds} s`;
    return `| ${label} | ${rate} per ${unit} | ${ofNginx} | ${ofHaproxy} | ${retryAfter} |`;
  });
  return `# Figures of the proxies

Written by \`npm run proxy-files\` from \`nginx/haven/limits.conf\` and \`haproxy/haproxy.cfg\`. Change a figure there, not
on this page. What the figures are for: [load balancing](load-balancing.md).

## Limits of one client address

| requests | rate | burst, NGINX | burst, HAProxy | Retry-After, NGINX | Retry-After, HAProxy |
| --- | --- | --- | --- | --- | --- |
${rows.join("\n")}

IPv6 addresses are counted by their leading 64 bits. Both proxies have the same rates. NGINX refills a burst one request
at a time; HAProxy counts in a window, so that the whole burst may be used at once.

## How long a proxy waits for a response

NGINX waits ${secondsIn(shippedText(files.proxy), /^proxy_connect_timeout (\w+);$/m)} s for a connection (\`proxy_connect_timeout\`), and ${inSeconds(waitOfNginxMs())} for a response (\`proxy_read_timeout\`). HAProxy waits ${secondsIn(shippedText(files.haproxy), /^ {4}timeout server (\w+)$/m)} s for a
response (\`timeout server\`). Both waits for a response are longer than the app's own
\`REQUEST_TIMEOUT_MS\`, ${inSeconds(readConfig({ NODE_ENV: "test" }).http.requestTimeoutMs)}, so that clients receive the response of the app.

## How fast HAProxy detects a change

| change | time until HAProxy acts | computed from |
| --- | --- | --- |
| an instance stops accepting connections | at once for requests, which go to another instance | \`option redispatch\` |
| \`/ready\` of an instance turns 503: it drains, or a critical check is down | ${inSeconds(notReadyMs)} | \`inter + (fall - 1) · fastinter\` |
| an instance accepts connections and never answers | ${inSeconds(frozenMs)} | the time in the row above + \`fall · timeout check\` |
| only one instance loses its connection to the database | ${inSeconds(lostDatabaseMs)} | the time until its \`/ready\` turns 503 + ${inSeconds(notReadyMs)} |
| \`/ready\` is 200 again | ${inSeconds(recoveryMs)} | \`downinter + (rise - 1) · fastinter\` |
`;
}

function burstOf(zone: string): number {
  const bursts = shippedText(files.nginx).matchAll(new RegExp(`limit_req zone=${zone} burst=(\\d+) nodelay;`, "g"));
  const [burst, ...others] = new Set([...bursts].map(([, count]) => Number(count)));
  if (burst === undefined || others.length > 0) throw new Error(`zone ${zone} needs one burst in ${files.nginx}`);
  return burst;
}
