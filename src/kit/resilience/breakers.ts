import { callback, count, faultsIn, type Rule, refuse, text } from "../option-rules.ts";
import { type Breaker, type BreakerOptions, type BreakerView, createBreaker } from "./breaker.ts";

export type BreakersDeps = Pick<BreakerOptions, "clock" | "retryMs" | "onChange" | "closeOn"> & {
  /** Called when a call failed in a way that its dependency may have caused. */
  onSymptom?: (breaker: string) => void;
};

export type NewBreaker = Pick<
  BreakerOptions,
  "name" | "isFailure" | "isSymptom" | "onSymptom" | "codeWhileOpen" | "maxConsecutiveFailures"
>;

const rules: Record<keyof NewBreaker, Rule> = {
  name: text,
  isFailure: callback,
  isSymptom: callback,
  onSymptom: callback,
  codeWhileOpen: callback,
  maxConsecutiveFailures: count,
};

/** Throws one error with all wrong options of a breaker, each in a sentence. */
function refuseWrongBreaker(options: NewBreaker): void {
  const required = (["name", "isFailure"] as const).filter((name) => options?.[name] === undefined);
  refuse("breakers.create", [...faultsIn(options, rules), ...required.map((name) => `${name} is required`)]);
}

/** Creates breakers and lists them, so that every breaker appears in reports and metrics without being registered. */
export function createBreakers({ onChange, onSymptom, ...shared }: BreakersDeps) {
  const created: Breaker[] = [];
  const onClosed = new Map<string, (() => void)[]>();
  const find = (name: string) => created.find((breaker) => breaker.name === name);
  return {
    /**
     * Creates a breaker.
     * @example const breaker = health.breakers.create({ name: "shop", isFailure: () => true });
     */
    create(options: NewBreaker): Breaker {
      refuseWrongBreaker(options);
      const breaker = createBreaker({
        ...shared,
        ...options,
        onSymptom(error) {
          options.onSymptom?.(error);
          onSymptom?.(options.name);
        },
        onChange(view, from) {
          onChange?.(view, from);
          if (view.state === "closed") for (const listener of onClosed.get(view.name) ?? []) listener();
        },
      });
      created.push(breaker);
      return breaker;
    },
    /** Calls the listener each time the breaker of that name closes. */
    onClosed(name: string, listener: () => void): void {
      onClosed.set(name, [...(onClosed.get(name) ?? []), listener]);
    },
    /** Opens the breaker of that name. Called when the check of the same name goes down. */
    open: (name: string): void => find(name)?.open(),
    /**
     * Closes the breaker of that name. Called after each success of the check of the same name while that check is up.
     */
    close: (name: string): void => find(name)?.close(),
    /** Returns all breakers. */
    all: (): readonly Breaker[] => created,
    /** Returns the state of each breaker. */
    views: (): BreakerView[] => created.map((breaker) => breaker.view()),
    /** Stops all breakers. */
    stop(): void {
      for (const breaker of created) breaker.stop();
    },
  };
}

/**
 * The breakers of an app.
 * @example const breaker = health.breakers.create({ name: "shop", isFailure: (error) => error instanceof ShopDown });
 */
export interface Breakers extends ReturnType<typeof createBreakers> {}
