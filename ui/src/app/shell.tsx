import { ActionIcon, Burger, Drawer } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { Link, Outlet, useRouterState } from '@tanstack/react-router';
import { type ReactNode, useEffect, useState } from 'react';
import { lazyPart } from '@/components/lazy-part';
import { turnOff, useNotifying } from '@/lib/notify';
import { texts } from '@/lib/texts';
import { LanguageSwitch } from './language-switch';
import { Logo } from './logo';
import { Navigation } from './navigation';
import { OfflineBanner } from './offline-banner';
import {
  openPalette,
  openShortcuts,
  setPaletteOpen,
  setShortcutsOpen,
  usePaletteOpen,
  useShortcutsOpen,
} from './palette-store';
import { PauseBanner } from './pause-banner';
import { RoomBanner } from './room-banner';
import classes from './shell.module.css';
import { ThemeSwitch } from './theme-switch';
import { Tour } from './tour';
import { useFocusReturn } from './use-focus-return';
import { usePageKeys } from './use-page-keys';

// Few visits need them.
const Palette = lazyPart(async () => (await import('./palette')).Palette);
const Notifier = lazyPart(async () => (await import('./notifier')).Notifier);
const PauseDialog = lazyPart(async () => (await import('./pause-dialog')).PauseDialog);
const ShortcutsDialog = lazyPart(async () => (await import('./shortcuts-dialog')).ShortcutsDialog);

/** Loads the palette at the first sign of somebody at work: what is typed right after its shortcut must not be lost. */
function preloadPalette() {
  const ended = new AbortController();
  const preload = () => {
    ended.abort();
    void Palette.preload();
  };
  for (const sign of ['pointermove', 'keydown']) window.addEventListener(sign, preload, { signal: ended.signal });
  return () => ended.abort();
}

/** The frame around every page of the studio. */
export function Shell({ children = <Outlet /> }: { children?: ReactNode }) {
  const isShortcutsOpen = useShortcutsOpen();
  const [isPauseOpen, setPauseOpen] = useState(false);
  const isPaletteOpen = usePaletteOpen();
  const isNotifying = useNotifying();
  useFocusReturn();
  usePageKeys(openShortcuts);
  useEffect(preloadPalette, []);
  return (
    <div className={classes.shell}>
      <a className={classes.skip} href="#main">
        {texts.nav.skip}
      </a>
      <div className={classes.banners}>
        <OfflineBanner />
        <RoomBanner />
        <PauseBanner />
        <Tour />
      </div>
      <TopBar />
      <Navigation />
      <main className={classes.main} id="main" tabIndex={-1}>
        {children}
      </main>
      {isPaletteOpen && <Palette onClose={() => setPaletteOpen(false)} onPause={() => setPauseOpen(true)} />}
      {isNotifying && <Notifier onClose={turnOff} />}
      {isPauseOpen && <PauseDialog onClose={() => setPauseOpen(false)} />}
      {isShortcutsOpen && <ShortcutsDialog onClose={() => setShortcutsOpen(false)} />}
    </div>
  );
}

/** The header of narrow screens. The drawer belongs to the address at which it was opened: navigating closes it. */
function TopBar() {
  const path = useRouterState({ select: (state) => state.location.pathname });
  const [openedAt, setOpenedAt] = useState<string | null>(null);
  const opened = openedAt === path;
  return (
    <header className={classes.top}>
      <Burger
        size="sm"
        opened={opened}
        onClick={() => setOpenedAt(opened ? null : path)}
        aria-label={opened ? texts.nav.close : texts.nav.open}
      />
      <Link to="/flows" className={classes.brand}>
        <Logo size={20} />
        {texts.product}
      </Link>
      <div className={classes.topEnd}>
        <ActionIcon size="lg" onClick={openPalette} aria-label={texts.palette.open}>
          <IconSearch size={17} aria-hidden />
        </ActionIcon>
        <LanguageSwitch />
        <ThemeSwitch />
      </div>
      <Drawer
        opened={opened}
        onClose={() => setOpenedAt(null)}
        size={264}
        title={texts.nav.label}
        closeButtonProps={{ 'aria-label': texts.nav.close }}
        className={classes.drawer}
      >
        <Navigation />
      </Drawer>
    </header>
  );
}
