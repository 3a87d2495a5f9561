import { type FaultProxy, startFaultProxy as start } from "../../../src/kit/testing/fault-proxy.ts";
import { atEnd } from "../at-end.ts";

export type { Fault, FaultProxy } from "../../../src/kit/testing/fault-proxy.ts";

/** The fault proxy of the kit, closed at the end of the test file. */
export async function startFaultProxy(serviceUrl: string, options: { keepsSent?: boolean } = {}): Promise<FaultProxy> {
  const proxy = await start(serviceUrl, options);
  atEnd(proxy.close);
  return proxy;
}
