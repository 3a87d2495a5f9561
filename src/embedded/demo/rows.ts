export type Row = Readonly<Record<string, unknown>>;

/** Rows with the columns of their tables, without the owner. Events get their positions in the order of the list. */
export type DemoData = { properties: Row[]; units: Row[]; leases: Row[]; requests: Row[]; events: Row[] };

export const firstNames = [
  "Ana",
  "Jonas",
  "Mireille",
  "Tomasz",
  "Ines",
  "Lukas",
  "Sofia",
  "Emeka",
  "Hanna",
  "Rui",
  "Noor",
];
export const lastNames = [
  "Duarte",
  "Vogel",
  "Peeters",
  "Nowak",
  "Ferrer",
  "Brandt",
  "Okafor",
  "Lindqvist",
  "Costa",
  "Haddad",
];

export const problems = [
  ["Kitchen tap drips", "A drop every two seconds, day and night.", "low"],
  ["No hot water", "Since this morning; the boiler shows error F28.", "high"],
  ["Window does not close", "The handle turns, but the frame stays open by a finger.", "normal"],
  ["Smell of gas in the hallway", "On the ground floor, near the meters. We have opened the windows.", "emergency"],
  ["Light in the stairwell is out", "Second floor. The bulb was changed, it is not the bulb.", "normal"],
  ["Washing machine drain is blocked", "Water comes up in the shower when it pumps.", "high"],
  ["Radiator stays cold", "Living room, also after bleeding it.", "normal"],
  ["Entrance door does not lock", "The lock turns through without catching.", "high"],
  ["Mould behind the wardrobe", "About a hand wide, in the corner to the outer wall.", "normal"],
  ["Doorbell is silent", "It worked until the painters came.", "low"],
  ["Water stain on the ceiling", "It grows when the neighbour above showers.", "high"],
  ["Shutter is stuck half-way", "Bedroom. The strap came off.", "low"],
] as const;
