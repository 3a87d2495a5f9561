import { isIP } from "node:net";
import type { ConnectionOptions } from "node:tls";
import { rereadSecret } from "../../config/files/secret-files.ts";
import { createTlsReader, type TlsMaterial } from "../../config/files/tls-files.ts";
import { redisUrl } from "../../config/parsers/addresses.ts";
import type { RedisTarget } from "../../config/sections/store-settings.ts";
import type { PasswordCommand } from "../../core/password-command.ts";

/** Options of the driver that may differ from one connection to the next. */
export type RedisIdentity = {
  host?: string;
  port?: number;
  db?: number;
  username?: string | undefined;
  password?: string | undefined;
  tls?: ConnectionOptions | undefined;
  sentinelUsername?: string | undefined;
  sentinelPassword?: string | undefined;
  sentinelTLS?: ConnectionOptions | undefined;
};

/**
 * Returns a function that reads the files of secrets and certificates again at each call. A malformed URL in a file is
 * ignored, and the last valid URL is used.
 */
export function createIdentityReader(target: RedisTarget, command?: PasswordCommand): () => RedisIdentity {
  const password = command?.last ?? rereadSecret(target.password, target.passwordFile);
  const readFiles = createTlsReader(target);
  const credentials = () => ({ username: target.username, password: password() });
  const tls = (host?: string) => (target.tls === true ? tlsOptions(readFiles(), host) : undefined);

  switch (target.kind) {
    case "url": {
      const url = rereadSecret(target.url, target.urlFile);
      let lastValid = target.url;
      return () => {
        const current = url() ?? target.url;
        // An error here would end the reconnects of the driver.
        if (current !== lastValid && redisUrl.safeParse(current).success) lastValid = current;
        const { isTls, host, ...address } = readRedisUrl(lastValid);
        return { ...credentials(), ...address, host, tls: isTls ? tlsOptions(readFiles(), host) : tls(host) };
      };
    }
    case "host":
      return () => ({ ...credentials(), host: target.host, port: target.port, tls: tls(target.host) });
    case "sentinel": {
      const sentinelPassword = rereadSecret(target.sentinelPassword, target.sentinelPasswordFile);
      const { sentinelUsername } = target;
      return () => {
        const options = tls();
        return {
          ...credentials(),
          sentinelUsername,
          sentinelPassword: sentinelPassword(),
          tls: options,
          sentinelTLS: options,
        };
      };
    }
    case "cluster":
      return () => ({ ...credentials(), tls: tls() });
  }
}

/** Reads the URL. Its user and password take precedence over REDIS_USERNAME and REDIS_PASSWORD. */
function readRedisUrl(text: string) {
  const url = new URL(text);
  const [username, password] = [url.username, url.password].map(decodeURIComponent);
  return {
    isTls: url.protocol === "rediss:",
    host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: Number(url.port || 6379),
    db: Number(url.pathname.slice(1) || 0),
    ...(username && { username }),
    ...(password && { password }),
  };
}

function tlsOptions({ ca, cert, key }: TlsMaterial, host: string | undefined): ConnectionOptions {
  return {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    // Node verifies the host name in any case, and sends it to the server only if it is set here.
    ...(host !== undefined && isIP(host) === 0 && { servername: host }),
  };
}

/** Replaces the options by getters, so that the driver reads the current identity at each reconnect. */
export function keepCurrent(options: object, read: () => RedisIdentity): void {
  for (const name of Object.keys(read())) {
    Object.defineProperty(options, name, {
      configurable: true,
      enumerable: true,
      get: () => Reflect.get(read(), name),
      set: () => undefined,
    });
  }
}
