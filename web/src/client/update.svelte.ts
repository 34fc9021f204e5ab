// Update: registers the service worker, waits until it keeps the page, and offers a new build. The person says when.
import { scriptUrl } from "../trusted";

let waiting = $state.raw<ServiceWorker | null>(null);
let isReloading = false;

function find(registration: ServiceWorkerRegistration): void {
  if (registration.waiting && navigator.serviceWorker.controller) waiting = registration.waiting;
}

/** Registers it. Returns whether this page opens without signal from now on; `false` also where the certificate is refused. */
export async function keepPage(patienceMs: number): Promise<boolean> {
  const container = navigator.serviceWorker;
  try {
    const registration = await container.register(scriptUrl("/sw.js"), { scope: "/" });
    find(registration);
    // Asks the worker to look whether the office wants it gone.
    registration.active?.postMessage("check");
    registration.addEventListener("updatefound", () => {
      registration.installing?.addEventListener("statechange", () => find(registration));
    });
  } catch {
    return container.controller !== null;
  }
  if (container.controller) return true;
  return new Promise((resolve) => {
    const late = setTimeout(() => resolve(false), patienceMs);
    container.addEventListener("controllerchange", () => { clearTimeout(late); resolve(true); }, { once: true });
  });
}

export function isKept(): boolean {
  return navigator.serviceWorker?.controller !== null;
}

export function hasUpdate(): boolean {
  return waiting !== null;
}

/** Takes the new build, after `before` has given the files back. One reload at most. */
export async function takeUpdate(before: () => Promise<unknown>): Promise<void> {
  const next = waiting;
  if (!next) return;
  await before();
  navigator.serviceWorker.addEventListener("controllerchange", () => {
    if (isReloading) return;
    isReloading = true;
    location.reload();
  });
  next.postMessage("take-over");
}
