/** A short word is close to many others, so fewer changes of it are compared. */
const maxDistanceOf = (known: string): number => (known.length > 4 ? 2 : known.length === 4 ? 1 : 0);

/** Returns the Damerau-Levenshtein distance: insertions, deletions, substitutions and swaps of neighbours. */
function distance(word: string, other: string): number {
  let rowBeforePrevious: number[] = [];
  let previousRow = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let row = 1; row <= word.length; row++) {
    const currentRow = [row];
    for (let column = 1; column <= other.length; column++) {
      const isSame = word[row - 1] === other[column - 1];
      const isSwapped = word[row - 1] === other[column - 2] && word[row - 2] === other[column - 1];
      currentRow.push(
        Math.min(
          valueAt(previousRow, column) + 1,
          valueAt(currentRow, column - 1) + 1,
          valueAt(previousRow, column - 1) + (isSame ? 0 : 1),
          isSwapped ? valueAt(rowBeforePrevious, column - 2) + 1 : Number.POSITIVE_INFINITY,
        ),
      );
    }
    [rowBeforePrevious, previousRow] = [previousRow, currentRow];
  }
  return valueAt(previousRow, other.length);
}

const valueAt = (row: readonly number[], column: number): number => row[column] ?? Number.POSITIVE_INFINITY;

/** Returns the known word that is probably meant; undefined for a known word, or where no word is close. */
export function closestWord(word: string, known: ReadonlySet<string>): string | undefined {
  if (known.has(word)) return undefined;
  return [...known].find((candidate) => {
    const maxDistance = maxDistanceOf(candidate);
    return (
      maxDistance > 0 &&
      Math.abs(candidate.length - word.length) <= maxDistance &&
      distance(word, candidate) <= maxDistance
    );
  });
}
