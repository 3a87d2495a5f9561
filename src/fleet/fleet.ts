import { randomUUID } from "node:crypto";
import type { FleetReport } from "../kit/health/health-report.ts";
import type { Snapshot } from "../kit/health/snapshot.ts";
import { fleetReport, type Known, loadSpread } from "./fleet-report.ts";
import { describe, type Heartbeat, read, type Traffic, write } from "./heartbeat.ts";
import { createHeartbeatLoop, type Heard, type Silence } from "./heartbeat-loop.ts";
import type { OutlierPolicy } from "./policy.ts";
import type { FleetStore } from "./store.ts";

export type FleetDeps = {
  stores: readonly FleetStore[];
  identity: { instance: string; version: string };
  intervalMs: number;
  /** Longest wait for a store. */
  limitMs: number;
  /** How many connections to a store that hangs may be held. */
  mostHeld: number;
  clock: { now(): number };
  policy: OutlierPolicy | undefined;
  snapshot(): Snapshot;
  traffic(): Traffic;
  /** Another process that lives at the same time has the same name. */
  onNamesake(): void;
};

/** How long an entry counts after it was written. Whoever stops is gone within three intervals. */
export const freshMs = (intervalMs: number): number => intervalMs * 2.5;

/** Publishes what this instance is, and knows what the others said last. */
export function createFleet(deps: FleetDeps) {
  const { stores, identity, intervalMs, limitMs, mostHeld, clock, policy, snapshot, traffic, onNamesake } = deps;
  const boot = randomUUID();
  const startedAt = clock.now() - performance.now();
  const namesakes = new Map<string, number>();
  let beat = 0;
  let warned = false;
  let heard: { at: number; from: FleetStore["name"]; others: readonly (Known & { boot: string })[] } | undefined;
  let silentSince: number | undefined = clock.now();

  const self = (): Heartbeat => {
    const life = { ...identity, upMs: clock.now() - startedAt, beat };
    return describe(life, snapshot(), traffic(), clock.now());
  };

  const others = (): readonly Known[] => {
    if (heard === undefined || silentSince !== undefined) return [];
    const laterMs = clock.now() - heard.at;
    return heard.others
      .map(({ heartbeat, ageMs }) => ({ heartbeat, ageMs: ageMs + laterMs }))
      .filter(({ ageMs }) => ageMs <= freshMs(intervalMs));
  };

  const onLook = (look: Heard | Silence): void => {
    if (look.from === undefined) {
      silentSince ??= look.at;
      policy?.hear({ askedAt: look.at, of: undefined });
      return;
    }
    silentSince = undefined;
    const understood = look.entries.flatMap(({ boot: other, ageMs, heartbeat: text }) => {
      const isFresh = ageMs > -skewMs && ageMs <= freshMs(intervalMs);
      const heartbeat = isFresh ? read(text) : undefined;
      return heartbeat === undefined ? [] : [{ boot: other, ageMs: Math.max(0, ageMs), heartbeat }];
    });
    heard = { at: look.at, from: look.from, others: understood };
    for (const one of understood) watchNamesake(one.boot, one.heartbeat);
    policy?.hear({
      askedAt: look.at,
      of: (check) =>
        understood.flatMap(({ ageMs, heartbeat: { phase, checks } }) => {
          const said = checks.get(check);
          if (said === undefined) return [];
          return [{ ...said, phase, wellMsAgo: said.wellMsAgo === null ? null : said.wellMsAgo + ageMs }];
        }),
    });
  };

  /** An entry that is renewed is of a process that lives; what a crash left behind is not. */
  const watchNamesake = (other: string, { instance, beat: count }: Heartbeat): void => {
    if (instance !== identity.instance || warned) return;
    const first = namesakes.get(other);
    if (first === undefined) namesakes.set(other, count);
    else if (count > first) {
      warned = true;
      onNamesake();
    }
  };

  const rounds = createHeartbeatLoop({
    stores,
    now: clock.now,
    stuckMs: intervalMs / 2,
    limitMs,
    mostHeld,
    mine() {
      beat += 1;
      return { boot, instance: identity.instance, beat, heartbeat: write(self()) };
    },
    pauseMs() {
      const until = policy?.askingUntil();
      if (until === undefined) return intervalMs * 1.1;
      return Math.max(shortestPauseMs, Math.min(intervalMs / 4, until - clock.now() - lastLookMs));
    },
    onLook,
  });

  return {
    /** Something is new that the others should hear of now. */
    tell: rounds.now,
    leave: (): Promise<void> => rounds.leave(boot),
    counts(): Readonly<Record<string, number>> {
      const counts: Record<string, number> = {};
      for (const { status } of [self(), ...others().map(({ heartbeat }) => heartbeat)])
        counts[status] = (counts[status] ?? 0) + 1;
      return counts;
    },
    loadSpread: () => loadSpread([self(), ...others().map(({ heartbeat }) => heartbeat)]),
    picture(): Omit<FleetReport, "policy"> {
      const isSilent = silentSince !== undefined;
      return {
        decisions: policy?.decisions() ?? {},
        store: isSilent ? null : (heard?.from ?? null),
        asOf: heard === undefined ? null : iso(heard.at),
        silentSince: silentSince === undefined ? null : iso(silentSince),
        ...fleetReport(self(), others(), clock.now()),
      };
    },
  };
}

export type Fleet = ReturnType<typeof createFleet>;

/** One statement may have begun before another and see what that one wrote. */
const skewMs = 100;
const shortestPauseMs = 50;
/** The last look before the time is up has to be over by then. */
const lastLookMs = 150;

const iso = (at: number): string => new Date(at).toISOString();
