import { type CSSVariablesResolver, createTheme, type MantineColorsTuple } from '@mantine/core';
import { texts } from '@/lib/texts';

const steady: MantineColorsTuple = [
  '#eef1fe',
  '#dbe1fb',
  '#b6c2f5',
  '#8fa1f0',
  '#6d8bff',
  '#4f6ae4',
  '#3b5bdb',
  '#324fc4',
  '#2a43a8',
  '#1f3384',
];

/** The dark surfaces of `styles/tones.css`, in the scale that Mantine uses: 7 is the surface, 6 a field, 4 a border. */
const dark: MantineColorsTuple = [
  '#eceef2',
  '#cdd2da',
  '#aab1bd',
  '#8c94a1',
  '#3a414d',
  '#262b33',
  '#1b1f26',
  '#15181d',
  '#101217',
  '#0b0d10',
];

/** White text is readable on it from 5 on. */
const red: MantineColorsTuple = [
  '#fdeaea',
  '#fbd5d5',
  '#f7b0b0',
  '#f28a8a',
  '#f06464',
  '#d63a3a',
  '#d63a3a',
  '#b02525',
  '#931d1d',
  '#781717',
];

/** Readable colours (4.5:1) for descriptions, placeholders and errors. */
export const cssVariables: CSSVariablesResolver = () => {
  const inks = {
    '--mantine-color-dimmed': 'var(--ink-soft)',
    '--mantine-color-placeholder': 'var(--ink-faint)',
    '--mantine-color-error': 'var(--danger-text)',
  };
  return { variables: {}, light: inks, dark: inks };
};

const SYSTEM_FONTS = 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';

export const theme = createTheme({
  primaryColor: 'steady',
  primaryShade: { light: 6, dark: 5 },
  colors: { steady, dark, red },
  fontFamily: `"Inter Variable", ${SYSTEM_FONTS}`,
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace',
  fontSizes: { xs: '12px', sm: '13px', md: '14px', lg: '16px', xl: '20px' },
  headings: {
    fontWeight: '620',
    sizes: {
      h1: { fontSize: '20px', lineHeight: '28px' },
      h2: { fontSize: '15px', lineHeight: '22px' },
      h3: { fontSize: '13px', lineHeight: '20px' },
    },
  },
  defaultRadius: 'md',
  cursorType: 'pointer',
  respectReducedMotion: true,
  autoContrast: true,
  components: {
    // The placeholder that takes the first focus is no item of a menu, which screen readers count.
    Menu: { defaultProps: { withInitialFocusPlaceholder: false } },
    Modal: { defaultProps: { centered: true, overlayProps: { backgroundOpacity: 0.35, blur: 2 } } },
    Notification: { defaultProps: { closeButtonProps: { 'aria-label': texts.actions.close } } },
    Tooltip: { defaultProps: { openDelay: 250, withArrow: true, events: { hover: true, focus: true, touch: true } } },
    Button: { defaultProps: { size: 'xs' } },
    TextInput: { defaultProps: { size: 'sm' } },
    ActionIcon: { defaultProps: { variant: 'subtle', color: 'gray' } },
  },
});
