const maxDistance = 2;

/** Returns the Damerau-Levenshtein distance: insertions, deletions, substitutions and swaps of neighbours. */
function distance(one: string, other: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let row = 1; row <= one.length; row++) {
    const now = [row];
    for (let column = 1; column <= other.length; column++) {
      const same = one[row - 1] === other[column - 1];
      const swapped = one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1];
      now.push(
        Math.min(
          valueAt(last, column) + 1,
          valueAt(now, column - 1) + 1,
          valueAt(last, column - 1) + (same ? 0 : 1),
          swapped ? valueAt(beforeLast, column - 2) + 1 : Number.POSITIVE_INFINITY,
        ),
      );
    }
    [beforeLast, last] = [last, now];
  }
  return valueAt(last, other.length);
}

const valueAt = (row: readonly number[], column: number): number => row[column] ?? Number.POSITIVE_INFINITY;

/** Returns the known word that is probably meant; undefined for a known word, or where no word is close. */
export function closestWord(word: string, known: ReadonlySet<string>): string | undefined {
  if (known.has(word)) return undefined;
  return [...known].find(
    (one) =>
      one.length > 2 * maxDistance &&
      Math.abs(one.length - word.length) <= maxDistance &&
      distance(word, one) <= maxDistance,
  );
}
