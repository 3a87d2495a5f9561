import { haproxyBases, haproxyFaults } from "./haproxy-faults.ts";
import { kubernetesBases, kubernetesFaults } from "./kubernetes-faults.ts";
import { nginxBases, nginxFaults } from "./nginx-faults.ts";
import { hostNameBases, hostNameFaults, otherBases, otherFaults, pairBases, pairFaults } from "./other-faults.ts";
import { type Base, type Planted, plant } from "./planted.ts";

export const bases: readonly Base[] = [
  ...nginxBases,
  ...haproxyBases,
  ...kubernetesBases,
  ...otherBases,
  ...pairBases,
  ...hostNameBases,
];

export const allPlanted = (): Planted[] => [
  ...plant(nginxBases, nginxFaults),
  ...plant(haproxyBases, haproxyFaults),
  ...plant(kubernetesBases, kubernetesFaults),
  ...plant(otherBases, otherFaults),
  ...plant(pairBases, pairFaults),
  ...plant(hostNameBases, hostNameFaults),
];
