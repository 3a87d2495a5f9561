/**
 * Measures each contender once per round; each round starts with a different one. The first of several rounds
 * is a warm-up; the figures of a single round are not used.
 */
export async function interleave<Name extends string>(
  rounds: number,
  contenders: Readonly<Record<Name, () => Promise<number>>>,
): Promise<Record<Name, number[]>> {
  const names = Object.keys(contenders) as Name[];
  const measured = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Name, number[]>;
  const warmUps = rounds > 1 ? 1 : 0;
  for (let round = 0; round < rounds + warmUps; round += 1) {
    const first = round % names.length;
    for (const name of [...names.slice(first), ...names.slice(0, first)]) {
      const value = await contenders[name]();
      if (round >= warmUps) measured[name].push(value);
    }
  }
  return measured;
}
