import { Button } from '@mantine/core';
import { useState } from 'react';
import type { Flow } from '@/api/types';
import { FlowCard } from './flow-card';
import classes from './flow-list.module.css';
import { FlowTable } from './flow-table';
import { moveFocus } from './move-focus';
import { texts } from './texts';
import type { FlowCommand } from './use-flow-commands';

interface FlowListProps {
  flows: readonly Flow[];
  view: 'cards' | 'table';
  isLive: boolean;
  /** The folder that is shown; flows of others say where they are. */
  folder: string | undefined;
  onCommand: (command: FlowCommand, flow: Flow) => void;
}

const SHOWN_FIRST = 60;

/** The matching flows, as cards or as a table; more of them on request. */
export function FlowList({ flows, view, isLive, folder, onCommand }: FlowListProps) {
  const [max, setMax] = useState(SHOWN_FIRST);
  const shown = flows.slice(0, max);
  return (
    <>
      {view === 'table' ? (
        <FlowTable flows={shown} isLive={isLive} folder={folder} onCommand={onCommand} />
      ) : (
        <ul className={classes.cards} aria-label={texts.title} onKeyDown={moveFocus}>
          {shown.map((flow) => (
            <FlowCard key={flow.id} flow={flow} isLive={isLive} folder={folder} onCommand={onCommand} />
          ))}
        </ul>
      )}
      {flows.length > max && (
        <Button variant="default" className={classes.more} onClick={() => setMax(max + SHOWN_FIRST)}>
          {texts.more(Math.min(SHOWN_FIRST, flows.length - max))}
        </Button>
      )}
    </>
  );
}
