/**
 * An ability of a dependency that the server needs, such as reading or writing.
 * @example const read: Capability = { critical: true, run: (signal) => db.read(signal) };
 */
export type Capability = {
  /**
   * A failing critical capability takes the instance out of rotation. Any other failing capability only degrades it.
   */
  critical: boolean;
  /** The instance does not become ready before this check has passed once. `critical` implies `startup`. */
  startup?: boolean;
  /**
   * Resolves if the dependency works. Throws, or resolves with `false`, if not. The signal aborts at the time limit, and
   * must end the work.
   */
  run(signal: AbortSignal): Promise<unknown>;
};

/**
 * A background test of a dependency. A check with several capabilities runs and judges each on its own, and is impaired
 * while some work and others do not.
 * @example const check: Check = { name: "db", critical: true, run: (signal) => db.ping(signal) };
 * @example
 * const read = { critical: true, run: (signal: AbortSignal) => db.read(signal) };
 * const write = { critical: false, run: (signal: AbortSignal) => db.write(signal) };
 * const check: Check = { name: "db", capabilities: { read, write } };
 */
export type Check = {
  /** The name in answers, metrics and the history: letters, digits, dots, underscores and hyphens. */
  name: string;
  /** Called when the checks stop, for example to end a connection. */
  close?(): void;
} & (
  | Capability
  | {
      /** The capabilities by name. In verdicts and breakers, the first capability has the name of the check. */
      capabilities: Readonly<Record<string, Capability>>;
    }
);

/**
 * A capability with the name that verdicts and breakers use. The first capability of a check has the name of the check,
 * the others have `check:capability`.
 */
export type NamedCapability = Capability & { name: string; check: string; capability: string | undefined };

export function capabilitiesOf(check: Check): NamedCapability[] {
  if (!("capabilities" in check))
    return [{ ...withDefaults(check), name: check.name, check: check.name, capability: undefined }];
  return Object.entries(check.capabilities).map(([capability, parts], index) => ({
    ...withDefaults(parts),
    name: index === 0 ? check.name : `${check.name}:${capability}`,
    check: check.name,
    capability,
  }));
}

/** Not a spread: a check may be an object of a class, whose `run` uses `this`. */
const withDefaults = (capability: Capability): Capability => ({
  critical: capability.critical,
  startup: capability.startup ?? false,
  run: (signal) => capability.run(signal),
});
