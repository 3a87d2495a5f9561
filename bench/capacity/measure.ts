import { newOwner, type Owner } from "../load/owner.ts";
import { residentBytes } from "../memory.ts";
import type { RunLength } from "../report/outcome.ts";
import { bytesPerStream } from "../scenarios/streams.ts";
import type { Testbed } from "../testbed.ts";
import type { CapacityFigures } from "./figures.ts";
import { measureFleet } from "./fleet.ts";
import { growConnections, growRows, growSessions } from "./growth.ts";
import { measureRates } from "./rates.ts";

export async function measureCapacity(testbed: Testbed, runLength: RunLength): Promise<CapacityFigures> {
  const print = (line: string) => process.stdout.write(`${line}\n`);
  const haven = await testbed.haven();
  const idleBytes = residentBytes(haven.pid);
  const owner = await newOwner(haven.url, "capacity@example.org");
  await haven.stop();
  print("requests of each kind");
  const rates = await measureRates(testbed, owner, runLength);
  print("three instances behind each proxy");
  const fleet = await measureFleet(runLength.seconds);
  print("open streams");
  const perStream = await bytesPerStream(testbed, runLength.quick ? 200 : 2000, runLength.quick);
  print("1 to 10,000 connections");
  const connections = await growConnections(testbed, owner, runLength);
  print("1 to 1,000,000 sessions");
  const sessions = await growSessions(testbed, owner, runLength);
  print("1 to 1,000,000 rows");
  const rows = await growRows(testbed, await newOwnerForRows(testbed), runLength);
  return { rates, idleBytes, bytesPerStream: perStream, connections, rows, sessions, fleet };
}

async function newOwnerForRows(testbed: Testbed): Promise<Owner> {
  const haven = await testbed.haven();
  const owner = await newOwner(haven.url, "many-rows@example.org");
  await haven.stop();
  return owner;
}
