import { Menu } from '@mantine/core';
import { IconApi, IconBook2, IconHelpCircle, IconKeyboard, IconRoute } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { texts } from '@/lib/texts';
import { startTour } from '@/lib/tour';
import { openShortcuts } from './palette-store';
import classes from './shell.module.css';

/** Where to find help. */
export function HelpMenu() {
  const { help } = texts;
  return (
    <Menu position="top-start" width={220}>
      <Menu.Target>
        <button type="button" className={classes.help}>
          <IconHelpCircle size={16} aria-hidden />
          {help.title}
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={startTour} leftSection={<IconRoute size={15} aria-hidden />}>
          {help.tour}
        </Menu.Item>
        <Menu.Item component="a" href="/llms.txt" target="_blank" leftSection={<IconBook2 size={15} aria-hidden />}>
          {help.docs}
        </Menu.Item>
        <Menu.Item component={Link} to="/reference" leftSection={<IconApi size={15} aria-hidden />}>
          {texts.nav.api}
        </Menu.Item>
        <Menu.Item onClick={openShortcuts} leftSection={<IconKeyboard size={15} aria-hidden />}>
          {texts.shortcuts.title}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
