// Icons: drawings of 24 by 24, strokes unless they say otherwise.
type Shape = readonly [d: string, kind?: "fill" | "both" | "hole" | "dash"];

export const ICONS = {
  alert: [["M12 3L2 21h20zM12 9.5v6M12 17v2"]],
  back: [["M20 12H5M11 5l-7 7 7 7"]],
  box: [["M3 8l9-5 9 5v9l-9 5-9-5zM3 8l9 5 9-5M12 13v9"]],
  camera: [["M3 7h4l2-3h6l2 3h4v13H3z"], ["M8 13a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z"]],
  check: [["M4 12.5l5 6L20 6"]],
  chlor: [["M9 3c3.4 4.3 5 6.9 5 9.5a5 5 0 0 1-10 0C4 9.9 5.6 7.3 9 3z"], ["M18 13v8M14 17h8"]],
  clock: [["M2.5 12a9.5 9.5 0 1 0 19 0a9.5 9.5 0 1 0 -19 0z"], ["M12 6v6l4 3"]],
  close: [["M5 5l14 14M19 5L5 19"]],
  conflict: [["M3 4h7v16H3zM14 4h7v16h-7zM5 9h3M16 9h3M5 13h3M16 15h3"]],
  counts: [["M1.5 12a10.5 10.5 0 1 0 21 0a10.5 10.5 0 1 0 -21 0z", "fill"], ["M7 12.3l3.5 3.7L17 8.5", "hole"]],
  disk: [["M4 4h13l3 3v13H4zM8 4v6h8V4M8 20v-6h8v6"]],
  drain: [["M4 4h16v16H4zM8 4v16M12 4v16M16 4v16"]],
  drop: [["M12 3c4 5 6 8 6 11a6 6 0 0 1-12 0c0-3 2-6 6-11z"]],
  erase: [["M9 5h13v14H9l-7-7zM13 9.5l5 5M18 9.5l-5 5"]],
  eye: [["M2 12c3-5 6.5-7 10-7s7 2 10 7c-3 5-6.5 7-10 7s-7-2-10-7z"], ["M9 12a3 3 0 1 0 6 0a3 3 0 1 0 -6 0z"]],
  file: [["M6 2.5h8l5 5v14H6zM14 2.5v5h5M9 14h7M13 11l3 3-3 3"]],
  flag: [["M5 22V3h14l-3 5 3 5H5"]],
  go: [["M9 5l7 7-7 7"]],
  history: [["M3 12a9 9 0 1 0 3-6.7L3 8M3 3v5h5M12 7v5l4 2"]],
  image: [["M3 4h18v16H3zM3 17l6-6 5 5 3-3 4 4"], ["M14.5 8.5a1.5 1.5 0 1 0 3 0a1.5 1.5 0 1 0 -3 0z"]],
  info: [["M2.5 12a9.5 9.5 0 1 0 19 0a9.5 9.5 0 1 0 -19 0z"], ["M12 11v6M12 7v2"]],
  lamp: [["M6 21V4h8M4 21h4M14 4c3.5 0 6 2 6 5h-7c0-2 .3-4 1-5zM14 13v2M16.5 13v3M19 13v2"]],
  leak: [["M1 5h9l1.5 3L10 11H1M23 5h-9l1.5 3-1.5 3h9M12.5 14v3M8 15l-1.5 3M17 15l1.5 3M12.5 19.5v2.5"]],
  list: [["M8 6h13M8 12h13M8 18h13M3 6h2M3 12h2M3 18h2"]],
  lock: [["M5 11h14v10H5zM8 11V7a4 4 0 0 1 8 0v4"]],
  nosignal: [["M3 20h3v-4H3zM9.5 20h3v-8h-3zM16 20h3V7M3 3l18 18"]],
  note: [["M4 4h16v12l-5 5H4zM15 21v-5h5M8 9h8M8 13h5"]],
  paper: [["M6 3h9l4 4v14H6zM15 3v4h4M9 12h7M9 16h7"]],
  pause: [["M7 4h4v16H7zM13 4h4v16h-4z", "fill"]],
  pen: [["M4 20l1-5L16 4l4 4L9 19zM3 22h18"]],
  person: [["M8 7a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z"], ["M4 21c0-5 3-7 8-7s8 2 8 7"]],
  phone: [["M6 2.5h12v19H6zM10 18.5h4"]],
  pin: [["M12 22c-5-6-7-9-7-12a7 7 0 0 1 14 0c0 3-2 6-7 12z"], ["M9.5 10a2.5 2.5 0 1 0 5 0a2.5 2.5 0 1 0 -5 0z"]],
  pipe: [["M3 5v6M3 8h7a4 4 0 0 1 4 4v8M11 20h6M17 17v6"], ["M8 5v6"]],
  play: [["M6 3l14 9-14 9z", "fill"]],
  plus: [["M12 4v16M4 12h16"]],
  pump: [["M3 13a7 7 0 1 0 14 0a7 7 0 1 0 -14 0z"], ["M10 6h12v5h-5.5M3 22h14M7.5 9.5l6 3.5-6 3.5z"]],
  qr: [["M3 3h7v7H3zM14 3h7v7h-7zM3 14h7v7H3zM14 14h3v3h-3zM18 18h3v3h-3zM20 14v1M14 20v1"]],
  review: [["M12 .8L23.2 12 12 23.2.8 12z", "fill"], ["M12 6v7.5M12 15.7v2.5", "hole"]],
  saved: [["M6 2.5h12v19H6z"], ["M9 12l2.2 2.5L15.5 9"]],
  search: [["M4 10.5a6.5 6.5 0 1 0 13 0a6.5 6.5 0 1 0 -13 0z"], ["M15.5 15.5L21 21"]],
  sent: [["M1.5 13l4 4.5L14 7M10.5 15.5l2 2L22.5 7"]],
  share: [["M12 15V3M7 8l5-5 5 5M4 13v8h16v-8"]],
  sheet: [["M4 3h16v18H4zM4 9h16M4 15h16M11 3v18"]],
  signal: [["M3 20h3v-4H3zM9.5 20h3v-8h-3zM16 20h3V5h-3z", "both"]],
  split: [["M12 22v-7M12 15C12 10 5 10 5 3M12 15c0-5 7-5 7-12M2 6l3-3 3 3M16 6l3-3 3 3"]],
  stop: [["M8 2h8l6 6v8l-6 6H8l-6-6V8zM12 7v6M12 15.5v2"]],
  tabs2: [["M3 8h13v13H3zM8 8V3h13v13h-5"]],
  take: [["M12 3v12M7 10l5 5 5-5M4 14v7h16v-7"]],
  tap: [["M3 9h10a5 5 0 0 1 5 5v2h-5v-2h-3v3H3zM8 9V5M4 5h8M15.5 18.5v3"]],
  today: [["M4 5h16v16H4zM4 10h16M8 2v5M16 2v5M8 15l3 3 5-5"]],
  undo: [["M4 9h10a6 6 0 0 1 0 12H8M9 4L4 9l5 5"]],
  unknown: [["M2.2 12a9.8 9.8 0 1 0 19.6 0a9.8 9.8 0 1 0 -19.6 0z", "dash"], ["M9 9.5c0-2 1.3-3 3-3s3 1.1 3 2.7c0 2.2-3 2.3-3 4.8M12 16v2"]],
  up: [["M12 20V5M5 11l7-7 7 7"]],
  updown: [["M8 20V5M3.5 9L8 4l4.5 5M16 4v15M11.5 15l4.5 5 4.5-5"]],
} as const satisfies Record<string, readonly Shape[]>;

export type IconName = keyof typeof ICONS;

/** Which drawing stands for which kind of work. */
const KINDS: Record<string, IconName> = {
  chlorination: "chlor", water_quality_sampling: "chlor", treatment_maintenance: "drop", leak_repair: "leak", inspection_round: "eye",
  network_maintenance: "pipe", supply_rehabilitation: "pipe", pump_replacement: "pump", electromechanical_equipment: "pump",
  illegal_tap: "tap", luminaire_repair: "lamp", luminaire_installation: "lamp", lighting_rehabilitation: "lamp",
  sewer_cleaning: "drain", storm_drain_cleaning: "drain", official_letter: "paper", procedure_follow_up: "paper",
};

/** Returns the icon of a kind of work; of one that has no drawing of its own, a sheet. */
export function iconOf(kind: string): IconName {
  return KINDS[kind] ?? "sheet";
}
