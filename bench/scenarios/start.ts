import { atMost, type Outcome, type Pace, type Scenario } from "../outcome.ts";
import { spreadOf } from "../statistics.ts";
import type { World } from "../world.ts";

export const start: Scenario = {
  name: "start",
  title: "From the command to the first ready",
  why: `The checks begin as soon as there is a client to make them with, and the first answer of each counts at once. What
    is large and seldom needed, the documentation's pages for instance, is made from the schemas in a few milliseconds.`,
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
        what: "compiled start to first ready, services up",
        bound: atMost(1),
        measured: spreadOf(seconds),
        unit: "s",
      },
    ],
    charts: [],
    notes: [],
  };
}
