import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Signs the tokens of a Haven that was given no secret: made once, so that a restart logs nobody out. */
export async function loadOrCreateSecret(dataDir: string): Promise<string> {
  const file = join(dataDir, "jwt-secret");
  const made = randomBytes(48).toString("base64url");
  try {
    await writeFile(file, made, { flag: "wx", mode: 0o600 });
    return made;
  } catch {
    return readFile(file, "utf8");
  }
}
