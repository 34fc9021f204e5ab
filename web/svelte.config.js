// Svelte: runes everywhere, and a warning is a fault.
export default { compilerOptions: { runes: true } };
