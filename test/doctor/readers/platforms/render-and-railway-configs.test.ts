import { suiteOfConfigs } from "../../support/realistic-configs.ts";

suiteOfConfigs("realistic Render and Railway files", [
  {
    name: "Render checks a path that is always healthy",
    texts: {
      render: "services:\n  - type: web\n    maxShutdownDelaySeconds: 60\n    healthCheckPath: /alive\n",
    },
    finds: [["drain-check-blind", "healthCheckPath: /alive"]],
  },
  {
    name: "Railway with several regions",
    texts: {
      railway:
        '{ "deploy": {\n  "drainingSeconds": 60,\n  "multiRegionConfig": {\n    "a": { "numReplicas": 3 },\n    "b": { "numReplicas": 4 }\n  }\n} }\n',
    },
    finds: [["connections-more-than-database", '{ "deploy": {']],
  },
]);
