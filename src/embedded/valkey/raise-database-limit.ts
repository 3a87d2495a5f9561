const defaultDatabases = 16;

/** The positions of two values in an entry of the settings table, in words of 32 bits. */
const lowestValueWord = 12;
const defaultValueWord = 16;

/**
 * Raises the default number of databases in the settings table in memory, before the start. This WebAssembly build of
 * Valkey reads no configuration file, and the number cannot be set later. Returns false, and leaves the number at 16, if
 * the table is not found.
 */
export function raiseDatabaseLimit(memory: WebAssembly.Memory, databases: number): boolean {
  const bytes = Buffer.from(memory.buffer);
  for (const name of occurrences(bytes, Buffer.from("databases\0"))) {
    const pointer = Buffer.alloc(4);
    pointer.writeUInt32LE(name);
    for (const entry of occurrences(bytes, pointer)) {
      const word = (index: number) => bytes.readInt32LE(entry + index * 4);
      if (entry % 4 !== 0 || word(lowestValueWord) !== 1 || word(defaultValueWord) !== defaultDatabases) continue;
      bytes.writeInt32LE(databases, entry + defaultValueWord * 4);
      return true;
    }
  }
  return false;
}

function occurrences(bytes: Buffer, pattern: Buffer): number[] {
  const positions: number[] = [];
  for (let at = bytes.indexOf(pattern); at >= 0; at = bytes.indexOf(pattern, at + 1)) positions.push(at);
  return positions;
}
