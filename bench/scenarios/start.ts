import { atMost, type Outcome, type Pace, type Scenario } from "../outcome.ts";
import { spreadOf } from "../statistics.ts";
import type { World } from "../world.ts";

export const start: Scenario = {
  name: "start",
  title: "From the start command to ready",
  why: `Each check starts as soon as its client exists, and its first result counts at once. Large parts that are rarely
    needed, such as the pages of the documentation, are generated from the schemas in a few milliseconds.`,
  run,
};

async function run(world: World, { rounds }: Pace): Promise<Outcome> {
  const seconds: number[] = [];
  for (let number = 0; number < rounds + 1; number += 1) {
    const begunAt = performance.now();
    const haven = await world.haven();
    if (number > 0) seconds.push((performance.now() - begunAt) / 1000);
    await haven.stop();
  }
  return {
    claims: [
      {
        what: "time from the start of the compiled server until it is ready, with Postgres and Redis running",
        bound: atMost(1),
        measured: spreadOf(seconds),
        unit: "s",
      },
    ],
    charts: [],
    notes: [],
  };
}
