import { suiteOfConfigs } from "../support/realistic-configs.ts";

suiteOfConfigs("settings without other files", [
  { name: "defaults of development are not a finding", texts: { settings: "NODE_ENV=development\n" }, finds: [] },
  {
    name: "a heap that takes too much of the memory",
    texts: { settings: "NODE_OPTIONS=--max-old-space-size-percentage=90\n" },
    finds: [["budget-heap", "NODE_OPTIONS=--max-old-space-size-percentage=90"]],
  },
  {
    name: "a pool that is larger than the limit of Postgres for one instance",
    texts: { settings: "DB_POOL_MAX=200\n" },
    finds: [["connections-more-than-database", "DB_POOL_MAX=200"]],
  },
]);
