import { before, beforeEach, test } from "node:test";
import { eventually } from "../shared/eventually.ts";
import { onePathCases } from "./cases/path-cases.ts";
import {
  breakPaths,
  notReadyWithinMs,
  type PathMember,
  restoreFleet,
  startPathFleet,
  verdicts,
} from "./support/path-fleet.ts";

let members: readonly PathMember[] = [];
before(async () => {
  members = await startPathFleet(3, { READY_POLICY: "strict" });
});
beforeEach(() => restoreFleet(members));

onePathCases(() => members);

test("with Postgres down, all instances leave the rotation", async () => {
  await breakPaths(members, ["database"], "refuse");
  await eventually(
    () => verdicts(members),
    (all) => all.every(({ status, body }) => status === 503 && body.status === "not_ready" && !body.sharedOutage),
    notReadyWithinMs + 1000,
    50,
  );
});
