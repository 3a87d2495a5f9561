import type { StoreCapability } from "../core/store-capability.ts";

const reads = /^\s*(?:SELECT|WITH|VALUES)\b/i;

/** Also matches inside string constants and names: such a read counts as a write, which is harmless. */
const changes = /\b(?:INSERT|UPDATE|DELETE|MERGE|SHARE|nextval|setval)\b/i;

/**
 * Returns the capability that a statement needs. A read-only server also rejects `SELECT … FOR UPDATE` and `FOR SHARE`.
 */
export const capabilityOfStatement = (sql: string): StoreCapability =>
  reads.test(sql) && !changes.test(sql) ? "read" : "write";
