import { readConfig } from "../../../src/config/read-config.ts";
import { createLogger } from "../../../src/core/logging/logger.ts";
import * as embedded from "../../../src/embedded/engines.ts";
import { onStopSignals, optionsUnderNpm } from "../../../src/kit/lifecycle/signals.ts";
import { start } from "../../../src/server.ts";
import { testRoutes } from "./test-routes.ts";

// The server of main.ts, with additional routes that are slow, endless or busy.

const config = readConfig(process.env);
const { logger, flush } = createLogger({ level: config.logLevel, instance: config.instance, version: "test" });
const running = await start(config, { logger, embedded, overrides: { routes: testRoutes } });
onStopSignals(process, {
  async stop() {
    const { cut } = await running.stop();
    await flush();
    process.exit(cut > 0 ? 1 : 0);
  },
  abort: () => process.exit(130),
  ...optionsUnderNpm(process),
});
