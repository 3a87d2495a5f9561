const defaultDatabases = 16;
const lowestValueWord = 12;
const defaultValueWord = 16;

/**
 * This WebAssembly build of Valkey reads no configuration file, and the number of databases cannot be set later. So the
 * default is raised in the settings table in memory, before the start. If the table is not as expected, it stays 16.
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

function occurrences(bytes: Buffer, wanted: Buffer): number[] {
  const found: number[] = [];
  for (let at = bytes.indexOf(wanted); at >= 0; at = bytes.indexOf(wanted, at + 1)) found.push(at);
  return found;
}
