import { ActionIcon, Drawer } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useState } from 'react';
import type { NodeType } from '../document/node-types';
import classes from './canvas.module.css';
import { Palette } from './palette';
import { texts } from './texts';

/** On narrow screens: a button that opens the node types in a drawer. */
export function AddNodeDrawer({ types }: { types: readonly NodeType[] }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <ActionIcon
        className={classes.add}
        size={44}
        radius="xl"
        variant="filled"
        color="steady"
        aria-label={texts.palette.add}
        onClick={() => setOpen(true)}
      >
        <IconPlus size={20} aria-hidden />
      </ActionIcon>
      <Drawer
        opened={isOpen}
        onClose={() => setOpen(false)}
        position="bottom"
        size="70%"
        title={texts.palette.add}
        closeButtonProps={{ 'aria-label': texts.palette.close }}
      >
        <Palette types={types} onAdded={() => setOpen(false)} />
      </Drawer>
    </>
  );
}
