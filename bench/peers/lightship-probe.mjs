// It serves probes on a port of its own, under names of its own: /live and /ready.
import { createLightship } from "lightship";

const lightship = await createLightship({ port: Number(process.env.PORT), detectKubernetes: false });
lightship.signalReady();
