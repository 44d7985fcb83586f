import { Popover } from '@mantine/core';
import { useState } from 'react';
import { fitting } from '@/components/commands/command';
import { CommandSearch } from '@/components/commands/command-search';
import type { Taking } from '../document/commands';
import type { NodeType } from '../document/node-types';
import type { Point } from '../document/positions';
import classes from './canvas.module.css';
import { commandsOf } from './node-commands';
import { texts } from './texts';

/** An edge that was dropped on the empty canvas. */
export interface LooseEnd {
  from: string;
  taking: Taking;
  /** Where it was dropped, in window coordinates. */
  at: Point;
}

interface QuickAddProps {
  end: LooseEnd;
  types: readonly NodeType[];
  onChoose: (type: NodeType) => void;
  onClose: () => void;
}

/** Asks for the node at the end of an edge that was dropped on the empty canvas. */
export function QuickAdd({ end, types, onChoose, onClose }: QuickAddProps) {
  const [query, setQuery] = useState('');
  const offered = types.filter(({ traits }) => !traits.starts);
  return (
    <Popover opened onClose={onClose} position="bottom-start" width={300} shadow="md" trapFocus withinPortal>
      <Popover.Target>
        <span aria-hidden className={classes.looseEnd} style={{ left: end.at.x, top: end.at.y }} />
      </Popover.Target>
      <Popover.Dropdown className={classes.quickAdd} aria-label={texts.palette.title}>
        <CommandSearch
          commands={fitting(commandsOf(offered, onChoose), query)}
          query={query}
          onQuery={setQuery}
          label={texts.palette.search}
          nothing={texts.palette.nothing}
          onRun={(command) => {
            onClose();
            command.run();
          }}
        />
      </Popover.Dropdown>
    </Popover>
  );
}
