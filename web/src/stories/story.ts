// Story: one screen in one state, with typed sample data.
import { mount, type Component } from "svelte";

export type Story = { name: string; show: (target: HTMLElement) => void };

/** Returns a story; the compiler checks that the sample is what the screen takes. */
export function story<P extends Record<string, unknown>>(name: string, component: Component<P>, props: P): Story {
  return { name, show: (target) => { mount(component, { target, props }); } };
}
