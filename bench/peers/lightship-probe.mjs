// Lightship serves probes on its own port, under its own names: /live and /ready.
import { createLightship } from "lightship";

const lightship = await createLightship({ port: Number(process.env.PORT), detectKubernetes: false });
lightship.signalReady();
