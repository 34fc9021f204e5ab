// Stories of the door and of what stands in the way.
import { preview } from "../stories/samples";
import { story } from "../stories/story";
import { Door } from "./door.svelte";
import DoorScreen from "./DoorScreen.svelte";
import Lacking from "./Lacking.svelte";

const host = "cuadrilla.mezquitic.example";
const enrolled = { municipality: "Mezquitic", letters: "A4", role: "crew", crew: "C-02" };

function door(change: Partial<Door>): Door {
  return Object.assign(new Door(), change);
}

export const stories = [
  story("door", DoorScreen, { door: door({}), host }),
  story("door-refused", DoorScreen, { door: door({ fault: { code: "code_unknown", message: "Esa clave no es de ninguna invitación", hint: "Revise letra por letra" } }), host }),
  story("door-confirm", DoorScreen, { door: door({ at: "confirm", preview }), host }),
  story("door-confirm-closed", DoorScreen, { door: door({ at: "confirm", preview: { ...preview, is_open: false } }), host }),
  story("door-done", DoorScreen, { door: door({ at: "done", enrolled, isPersistent: true }), host }),
  story("door-done-not-persistent", DoorScreen, { door: door({ at: "done", enrolled }), host }),
  story("door-not-kept", DoorScreen, { door: door({ at: "not_kept" }), host }),
  story("door-insecure", Lacking, { lacks: ["secure"] }),
  story("door-old-browser", Lacking, { lacks: ["files", "locks"] }),
];
