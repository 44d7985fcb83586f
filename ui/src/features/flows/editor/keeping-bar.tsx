import { Button } from '@mantine/core';
import { IconUsers } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { formatMoment, millis } from '@/lib/time';
import { readDefinition } from './document/definition';
import classes from './editor.module.css';
import { useKeeper, useKeeping } from './keeping/keeper-context';
import { texts } from './texts';
import { whoOf } from './who';

/** Shown when somebody else has changed the draft, or when this browser has changes that the server has not. */
export function KeepingBar() {
  const keeper = useKeeper();
  const theirs = useKeeping((keeping) => keeping.theirs);
  const leftover = useKeeping((keeping) => keeping.leftover);
  if (!keeper) return null;
  if (theirs) {
    const reading = readDefinition(theirs.flow_definition);
    const when = formatMoment(millis(theirs.updated_at) ?? 0);
    return (
      <Bar title={texts.keeping.theirs.title(whoOf(theirs), when)} detail={texts.keeping.theirs.detail}>
        {'definition' in reading && (
          <Button size="compact-sm" variant="default" onClick={() => keeper.loadTheirs(reading.definition)}>
            {texts.keeping.theirs.load}
          </Button>
        )}
        <Button size="compact-sm" onClick={keeper.keepMine}>
          {texts.keeping.theirs.keep}
        </Button>
      </Bar>
    );
  }
  if (!leftover) return null;
  return (
    <Bar title={texts.keeping.leftover.title(formatMoment(leftover.at))} detail={texts.keeping.leftover.detail}>
      <Button size="compact-sm" variant="default" onClick={keeper.dropLeftover}>
        {texts.keeping.leftover.discard}
      </Button>
      <Button size="compact-sm" onClick={keeper.useLeftover}>
        {texts.keeping.leftover.use}
      </Button>
    </Bar>
  );
}

function Bar({ title, detail, children }: { title: string; detail: string; children: ReactNode }) {
  return (
    <div className={classes.conflict} data-tone="warning" role="alert">
      <IconUsers size={17} aria-hidden />
      <p>
        <strong>{title}</strong> {detail}
      </p>
      {children}
    </div>
  );
}
