// Persist: whether the browser promised to keep our files when its disk is full; and the offer to install the app.
type InstallEvent = Event & { prompt(): Promise<void>; userChoice: Promise<{ outcome: string }> };

let isPersistent = $state.raw<boolean | null>(null);
let offer = $state.raw<InstallEvent | null>(null);

addEventListener("beforeinstallprompt", (event) => {
  event.preventDefault();
  offer = event as InstallEvent;
});
addEventListener("appinstalled", () => { offer = null; });

/** `null` until it was asked. */
export function persistence(): boolean | null {
  return isPersistent;
}

export async function readPersistence(): Promise<void> {
  isPersistent = await navigator.storage.persisted().catch(() => false);
}

/** Asks the browser to promise it. Some ask the person, some decide by themselves. */
export async function askPersistence(): Promise<boolean> {
  const given = await navigator.storage.persist().catch(() => false);
  isPersistent = given;
  return given;
}

export function canInstall(): boolean {
  return offer !== null;
}

export async function install(): Promise<void> {
  await offer?.prompt();
  offer = null;
}
