import { createSpotlight } from '@mantine/spotlight';

/** The command palette's own store: open it from anywhere in the app. */
const [store, palette] = createSpotlight();

export const paletteStore = store;
export const openPalette = () => palette.open();
