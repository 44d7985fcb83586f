/** The command palette and the list of shortcuts. */
import { openStore } from './open-store';

const palette = openStore();
const shortcuts = openStore();

export const setPaletteOpen = palette.set;
export const openPalette = () => palette.set(true);
export const usePaletteOpen = palette.useIsOpen;

export const setShortcutsOpen = shortcuts.set;
export const openShortcuts = () => shortcuts.set(true);
export const useShortcutsOpen = shortcuts.useIsOpen;
