/** Keyboard shortcuts as people read them. */

const IS_MAC = /mac|iphone|ipad/i.test(globalThis.navigator?.userAgent ?? '');

const NAMES: Readonly<Record<string, readonly [string, string]>> = {
  mod: ['Ctrl', '⌘'],
  shift: ['Shift', '⇧'],
  alt: ['Alt', '⌥'],
};

/** Returns the keys of a shortcut as they stand on the keyboard: `mod+shift+Z` → `Ctrl`, `Shift`, `Z`. */
export function keysOf(shortcut: string, isMac = IS_MAC): string[] {
  return shortcut.split('+').map((key) => {
    const [other, mac] = NAMES[key] ?? [key, key];
    return isMac ? mac : other;
  });
}

/** Returns a shortcut in one line, for a tooltip: `Ctrl Shift Z`. */
export function keysText(shortcut: string): string {
  return keysOf(shortcut).join(' ');
}
