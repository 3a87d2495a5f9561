/** Each thing that happens to an engine, for the log. */
export type EngineLog = (line: { engine: string; event: string; [detail: string]: unknown }) => void;
