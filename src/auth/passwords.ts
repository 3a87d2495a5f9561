import { availableParallelism } from "node:os";
import { type Algorithm, hash, type Options, verify } from "@node-rs/argon2";
import { passwordHashing } from "../config/memory-budget.ts";
import { AppError } from "../core/app-error.ts";
import { createConcurrencyLimiter } from "../core/concurrency-limiter.ts";

/** argon2id; the package declares its algorithms as an enum that exists in its types only. */
const argon2id = 2 as Algorithm;
const parameters: Options = { algorithm: argon2id, memoryCost: passwordHashing.memoryKiB, timeCost: 2, parallelism: 1 };
const parametersText = `$argon2id$v=19$m=${passwordHashing.memoryKiB},t=2,p=1$`;

/** Each takes a core and 19 MiB for 50 ms: one core is left to everything else, and the thread pool is never full. */
const maxConcurrent = Math.min(passwordHashing.maxConcurrent, Math.max(1, availableParallelism() - 1));

export function createPasswords({ queueTimeoutMs }: { queueTimeoutMs: number }) {
  const limiter = createConcurrencyLimiter({
    maxConcurrent,
    maxWaitMs: queueTimeoutMs,
    maxQueued: maxConcurrent * 100,
    onRejected: () =>
      new AppError("overloaded", "Too many passwords are being checked at once.", { retryAfterSeconds: 2 }),
  });
  const dummyHash = hash("no account has this password", parameters);
  dummyHash.catch(() => undefined);

  return {
    hash: (password: string): Promise<string> => limiter.run(() => hash(password, parameters)),
    /** Takes the same time for an account that does not exist. */
    matches: (password: string, stored: string | undefined): Promise<boolean> =>
      limiter.run(async () => (await verify(stored ?? (await dummyHash), password)) && stored !== undefined),
    isOutdated: (stored: string): boolean => !stored.startsWith(parametersText),
  };
}

export type Passwords = ReturnType<typeof createPasswords>;
