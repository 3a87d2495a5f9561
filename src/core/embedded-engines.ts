/** Called with each event of an embedded engine, for the log. */
export type EngineLog = (line: { engine: string; event: string; [detail: string]: unknown }) => void;

export type EngineRequest = { dataDir: string; postgres: boolean; redis: boolean; log: EngineLog };

export type Engines = {
  databaseUrl?: string;
  redisUrl?: string;
  /** Signs tokens if the setting `JWT_SECRET` is unset. */
  jwtSecret: string;
  /** True if the engines belong to another process that uses the same data folder. */
  shared: boolean;
  stop(): Promise<void>;
};

/** The addresses of engines that run now. */
export type RunningEngines = { databaseUrl?: string | undefined; redisUrl?: string | undefined };

export type DemoTarget = {
  query(sql: string, values: readonly unknown[]): Promise<unknown>;
  hash(password: string): Promise<string>;
};

/** The account of the demo data. */
export type DemoLogin = { email: string; password: string };

/** The interface of src/embedded. It is declared here, because production builds do not contain that folder. */
export type Embedded = {
  startEngines(request: EngineRequest): Promise<Engines>;
  /** Returns undefined if no process runs engines in this data folder. */
  findRunningEngines(dataDir: string): Promise<RunningEngines | undefined>;
  addDemoData(target: DemoTarget): Promise<void>;
  demoLogin: DemoLogin;
};
