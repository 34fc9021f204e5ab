// Glyphs: which drawing stands for which kind of work.
const GLYPHS: Record<string, string> = {
  chlorination: "chlor", water_quality_sampling: "chlor", treatment_maintenance: "drop", leak_repair: "leak", inspection_round: "eye",
  network_maintenance: "pipe", supply_rehabilitation: "pipe", pump_replacement: "pump", electromechanical_equipment: "pump",
  illegal_tap: "tap", luminaire_repair: "lamp", luminaire_installation: "lamp", lighting_rehabilitation: "lamp",
  sewer_cleaning: "drain", storm_drain_cleaning: "drain", official_letter: "paper", procedure_follow_up: "paper",
};

export function glyphOf(kind: string): string {
  return GLYPHS[kind] ?? "sheet";
}
