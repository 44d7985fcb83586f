/** Every name that objects inherit: `constructor`, `toString`, `__proto__` and the others. */
export const INHERITED_NAMES: readonly string[] = Object.getOwnPropertyNames(Object.prototype);
