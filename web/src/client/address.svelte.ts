// Address: where the person is. It follows the browser's address, and changes it.
import { format, parse, type Route } from "../routes";

let now = $state.raw<Route>({ at: "today", query: "", filter: "" });

export function readAddress(): void {
  now = parse(location.hash);
}

export function watchAddress(): void {
  readAddress();
  addEventListener("hashchange", readAddress);
}

export function routeNow(): Route {
  return now;
}

/** Goes to a screen. */
export function go(route: Route): void {
  location.hash = format(route);
}

/** Goes to a screen in the place of this one: Back does not return to what is done. */
export function goInstead(route: Route): void {
  history.replaceState(null, "", format(route));
  readAddress();
}

/** Goes back, or to `route` where this screen was the first. */
export function back(route: Route): void {
  if (history.length > 1) history.back();
  else goInstead(route);
}
