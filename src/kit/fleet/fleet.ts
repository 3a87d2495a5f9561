import { randomUUID } from "node:crypto";
import type { FleetReport } from "../health/health-report.ts";
import type { Snapshot } from "../health/snapshot.ts";
import { fleetReport, type KnownInstance, loadSpread } from "./fleet-report.ts";
import type { FleetStore } from "./fleet-store.ts";
import { type Heartbeat, parseHeartbeat, serializeHeartbeat, type Traffic, toHeartbeat } from "./heartbeat.ts";
import { createHeartbeatLoop, type NoReading, type StoreReading } from "./heartbeat-loop.ts";
import type { OutlierPolicy } from "./outlier-policy.ts";

export type FleetDeps = {
  stores: readonly FleetStore[];
  identity: { instance: string; version: string };
  intervalMs: number;
  /** The time limit of one call to a store. */
  timeoutMs: number;
  /** The maximum number of timed-out calls that still hold a connection. */
  maxAbandoned: number;
  clock: { now(): number };
  policy: OutlierPolicy | undefined;
  snapshot(): Snapshot;
  traffic(): Traffic;
  /** Called once if another running process uses the name of this instance. */
  onDuplicateName(): void;
};

/** Returns the age at which an entry is ignored, so that a crashed instance is left out within three intervals. */
export const maxAgeMs = (intervalMs: number): number => intervalMs * 2.5;

/** Publishes the state of this instance, and holds the last known state of the others. */
export function createFleet(deps: FleetDeps) {
  const { stores, identity, intervalMs, timeoutMs, maxAbandoned, clock, policy, snapshot, traffic } = deps;
  const boot = randomUUID();
  const startedAt = clock.now() - performance.now();
  const beatsOfDuplicates = new Map<string, number>();
  let beat = 0;
  let duplicateReported = false;
  let lastReading:
    | { at: number; from: FleetStore["name"]; others: readonly (KnownInstance & { boot: string })[] }
    | undefined;
  let silentSince: number | undefined = clock.now();

  const self = (): Heartbeat => {
    const running = { ...identity, upMs: clock.now() - startedAt, beat };
    return toHeartbeat(running, snapshot(), traffic(), clock.now());
  };

  const others = (): readonly KnownInstance[] => {
    if (lastReading === undefined || silentSince !== undefined) return [];
    const sinceReadingMs = clock.now() - lastReading.at;
    return lastReading.others
      .map(({ heartbeat, ageMs }) => ({ heartbeat, ageMs: ageMs + sinceReadingMs }))
      .filter(({ ageMs }) => ageMs <= maxAgeMs(intervalMs));
  };

  const allHeartbeats = (): Heartbeat[] => [self(), ...others().map(({ heartbeat }) => heartbeat)];

  const onReading = (reading: StoreReading | NoReading): void => {
    if (reading.from === undefined) {
      silentSince ??= reading.at;
      policy?.onPeerReports({ readAt: reading.at, reportsOn: undefined });
      return;
    }
    silentSince = undefined;
    const knownInstances = reading.entries.flatMap(({ boot: other, ageMs, heartbeat: text }) => {
      const isFresh = ageMs > -maxReadAheadMs && ageMs <= maxAgeMs(intervalMs);
      const heartbeat = isFresh ? parseHeartbeat(text) : undefined;
      return heartbeat === undefined ? [] : [{ boot: other, ageMs: Math.max(0, ageMs), heartbeat }];
    });
    lastReading = { at: reading.at, from: reading.from, others: knownInstances };
    for (const { boot: other, heartbeat } of knownInstances) detectDuplicateName(other, heartbeat);
    policy?.onPeerReports({
      readAt: reading.at,
      reportsOn: (check) =>
        knownInstances.flatMap(({ ageMs, heartbeat: { phase, checks } }) => {
          const report = checks.get(check);
          if (report === undefined) return [];
          const { succeededMsAgo } = report;
          return [{ ...report, phase, succeededMsAgo: succeededMsAgo === null ? null : succeededMsAgo + ageMs }];
        }),
    });
  };

  /** Reports an entry with the same name only after the entry was renewed: an old entry may be of a crashed process. */
  const detectDuplicateName = (other: string, { instance, beat: otherBeat }: Heartbeat): void => {
    if (instance !== identity.instance || duplicateReported) return;
    const firstBeat = beatsOfDuplicates.get(other);
    if (firstBeat === undefined) beatsOfDuplicates.set(other, otherBeat);
    else if (otherBeat > firstBeat) {
      duplicateReported = true;
      deps.onDuplicateName();
    }
  };

  const loop = createHeartbeatLoop({
    stores,
    now: clock.now,
    stuckMs: intervalMs / 2,
    timeoutMs,
    maxAbandoned,
    ownEntry() {
      beat += 1;
      return { boot, instance: identity.instance, beat, heartbeat: serializeHeartbeat(self()) };
    },
    pauseMs() {
      const until = policy?.undecidedUntil();
      if (until === undefined) return intervalMs * 1.1;
      return Math.max(minPauseMs, Math.min(intervalMs / 4, until - clock.now() - lastReadingMs));
    },
    onReading,
  });

  return {
    /** Sends a heartbeat now instead of at the end of the interval. */
    sendNow: loop.runNow,
    leave: (): Promise<void> => loop.leave(boot),
    counts(): Readonly<Record<string, number>> {
      const counts: Record<string, number> = {};
      for (const { status } of allHeartbeats()) counts[status] = (counts[status] ?? 0) + 1;
      return counts;
    },
    loadSpread: () => loadSpread(allHeartbeats()),
    report(): Omit<FleetReport, "policy"> {
      return {
        decisions: policy?.decisions() ?? {},
        store: silentSince === undefined ? (lastReading?.from ?? null) : null,
        asOf: lastReading === undefined ? null : toIsoTime(lastReading.at),
        silentSince: silentSince === undefined ? null : toIsoTime(silentSince),
        ...fleetReport(self(), others(), clock.now()),
      };
    },
  };
}

export type Fleet = ReturnType<typeof createFleet>;

/** The maximum negative age of an entry: a statement can read an entry that was written after the statement began. */
const maxReadAheadMs = 100;
const minPauseMs = 50;
/** The last reading before a deadline starts this much earlier, so that it is complete by the deadline. */
const lastReadingMs = 150;

const toIsoTime = (at: number): string => new Date(at).toISOString();
