import { randomBytes } from "node:crypto";
import { availableParallelism } from "node:os";
import type { Algorithm, Options } from "@node-rs/argon2";
import { passwordHashing } from "../config/memory-budget.ts";
import { AppError } from "../core/errors/app-error.ts";
import { createConcurrencyLimiter } from "../core/limits/concurrency-limiter.ts";
import { noTracer, type Tracer } from "../core/tracer.ts";

/** The value of `Algorithm.Argon2id`. The package exports that enum as a type only. */
const argon2id = 2 as Algorithm;
const parameters: Options = { algorithm: argon2id, memoryCost: passwordHashing.memoryKiB, timeCost: 2, parallelism: 1 };
const parametersText = `$argon2id$v=19$m=${passwordHashing.memoryKiB},t=2,p=1$`;

/** A hash that no password matches. A comparison with it takes as long as a comparison with the hash of an account. */
const dummyHash = `${parametersText}${randomBase64(16)}$${randomBase64(32)}`;

/** Loads the native code of the package at the first use. */
const loadArgon2 = () => import("@node-rs/argon2");

/** One hash uses a core and 19 MiB for 50 ms. This limit leaves a core and part of the thread pool for other work. */
const maxConcurrent = Math.min(passwordHashing.maxConcurrent, Math.max(1, availableParallelism() - 1));

export function createPasswords({ queueTimeoutMs, tracer = noTracer }: { queueTimeoutMs: number; tracer?: Tracer }) {
  const limiter = createConcurrencyLimiter({
    maxConcurrent,
    maxWaitMs: queueTimeoutMs,
    maxQueued: maxConcurrent * 100,
    rejectionError: () =>
      new AppError("overloaded", "Too many passwords are being checked at the same time. Retry later.", {
        retryAfterSeconds: 2,
      }),
    measureWait: (wait) => tracer.span({ name: "wait in the queue of password hashing" }, wait),
  });
  const run = <T>(work: () => Promise<T>): Promise<T> =>
    limiter.run(() => tracer.span({ name: "hash a password" }, work));

  return {
    hash: (password: string): Promise<string> => run(async () => (await loadArgon2()).hash(password, parameters)),
    /**
     * Compares a password with a hash. Takes the same time without a hash, which means that the account does not exist.
     */
    matches: (password: string, stored: string | undefined): Promise<boolean> =>
      run(async () => (await (await loadArgon2()).verify(stored ?? dummyHash, password)) && stored !== undefined),
    isOutdated: (stored: string): boolean => !stored.startsWith(parametersText),
  };
}

export type Passwords = ReturnType<typeof createPasswords>;

function randomBase64(bytes: number): string {
  return randomBytes(bytes).toString("base64").replaceAll("=", "");
}
