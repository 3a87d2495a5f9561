/** How many requests of one kind an instance on one core serves in a second, and the processor time of each request. */
export type Rate = {
  request: string;
  perSecond: number;
  p99Ms: number;
  /** Processor time for each request, in microseconds. */
  serverUs: number;
  postgresUs: number;
  redisUs: number;
};

/** The speed of one request while the number of connections, rows or sessions (`what`) grows. */
export type Growth = {
  what: string;
  /** One measurement for each number (`count`). */
  steps: readonly { count: number; perSecond: number; p99Ms: number; bytes: number }[];
  /** What `bytes` measures. */
  bytesOf: string;
};

/** Authenticated reads a second of one part of the fleet, while all parts and the load share the machine. */
export type FleetRate = { what: string; perSecond: number };

export type CapacityFigures = {
  rates: readonly Rate[];
  idleBytes: number;
  bytesPerStream: number;
  connections: Growth;
  rows: Growth;
  sessions: Growth;
  /** Empty where the proxies could not run. */
  fleet: readonly FleetRate[];
};
