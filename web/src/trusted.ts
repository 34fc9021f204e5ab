// Trusted: our one Trusted Types policy. Scripts come from this origin's own fixed places, and nowhere else.
type Policy = { createScriptURL(url: string): string };
type Factory = { createPolicy(name: string, rules: Policy): Policy };

const OURS = /^\/(assets\/[\w.-]+\.js|wasm\/core\.js|sw\.js|src\/[\w./-]+\?.*)$/;

function check(url: string): string {
  const at = new URL(url, self.location.origin);
  if (at.origin !== self.location.origin || !OURS.test(at.pathname + at.search)) throw new TypeError("no script of ours");
  return at.href;
}

const factory = (globalThis as { trustedTypes?: Factory }).trustedTypes;
const policy: Policy = factory?.createPolicy("cuadrilla", { createScriptURL: check }) ?? { createScriptURL: check };

/** Returns the address of a script of ours, as the browser wants it where Trusted Types hold. */
export function scriptUrl(url: string): string {
  return policy.createScriptURL(url);
}
