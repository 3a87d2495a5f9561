import { Session } from "node:inspector/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { gzip } from "node:zlib";

export type Recording = { profile: Buffer; report: Buffer };

const profileMs = 2000;
const samplingIntervalUs = 2000;

/** Records a CPU profile of two seconds and a diagnostic report of Node, both compressed. */
export async function record(): Promise<Recording> {
  const report = JSON.stringify(diagnosticReport());
  const profile = await profileCpu(profileMs);
  const compress = promisify(gzip);
  return { report: await compress(report), profile: await compress(profile) };
}

async function profileCpu(durationMs: number): Promise<string> {
  const session = new Session();
  session.connect();
  try {
    await session.post("Profiler.enable");
    await session.post("Profiler.setSamplingInterval", { interval: samplingIntervalUs });
    await session.post("Profiler.start");
    await sleep(durationMs, undefined, { ref: false });
    const { profile } = await session.post("Profiler.stop");
    return JSON.stringify(profile);
  } finally {
    session.disconnect();
  }
}

const objectOf = (value: unknown): Readonly<Record<string, unknown>> => Object(value);

/** Returns Node's report without environment, command line and addresses, which may contain secrets. */
function diagnosticReport(): object {
  // Without this property, Node looks up the host names of all connections and waits for the answers. The
  // types of Node do not declare it.
  Reflect.set(process.report, "excludeNetwork", true);
  process.report.excludeEnv = true;
  const report = objectOf(process.report.getReport());
  const { nodejsVersion, componentVersions, osName, osVersion, osMachine, cpus, dumpEventTime } = objectOf(
    report["header"],
  );
  const handles = Array.isArray(report["libuv"]) ? report["libuv"].map(objectOf) : [];
  return {
    header: { nodejsVersion, componentVersions, osName, osVersion, osMachine, cpus, dumpEventTime },
    javascriptStack: report["javascriptStack"],
    javascriptHeap: report["javascriptHeap"],
    resourceUsage: report["resourceUsage"],
    userLimits: report["userLimits"],
    handles: handles.map(({ type, is_active: isActive }) => ({ type, isActive })),
  };
}
