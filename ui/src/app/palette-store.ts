import { createSpotlight } from '@mantine/spotlight';

/** The command palette's own store: open it from anywhere in the app. */
export const [paletteStore, palette] = createSpotlight();

export const openPalette = () => palette.open();
