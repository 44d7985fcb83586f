import { Button, Chip, Group } from '@mantine/core';
import { useMemo, useState } from 'react';
import type { Execution, JournalEvent } from '@/api/types';
import { Panel } from '@/components/panel';
import { SearchInput } from '@/components/search-input';
import { type EventFilter, fits, KINDS } from './event-filter';
import { EventLine } from './event-line';
import classes from './events.module.css';
import { linesOf } from './journal';
import { texts } from './texts';

interface EventsTabProps {
  execution: Execution;
  journal: readonly JournalEvent[];
  onNode: (nodeId: string) => void;
}

/** The number of lines that are rendered at a time. */
const PAGE = 300;

/** Everything that happened, in the order of the journal. */
export function EventsTab({ execution, journal, onNode }: EventsTabProps) {
  const lines = useMemo(() => linesOf(journal, execution), [journal, execution]);
  const [filter, setFilter] = useState<EventFilter>({ text: undefined, kinds: [] });
  const [shown, setShown] = useState(PAGE);
  const fitting = useMemo(() => lines.filter((line) => fits(line, filter)), [lines, filter]);
  const start = Date.parse(execution.started_at ?? execution.created_at);
  return (
    <Panel title={texts.events.title} aside={texts.events.count(fitting.length, lines.length)} flush>
      <search className={classes.bar}>
        <SearchInput
          value={filter.text}
          onChange={(text) => setFilter({ ...filter, text })}
          label={texts.events.filter}
          className={classes.search}
        />
        <Chip.Group
          multiple
          value={[...filter.kinds]}
          onChange={(kinds) => setFilter({ ...filter, kinds: KINDS.filter((kind) => kinds.includes(kind)) })}
        >
          <Group gap={6} aria-label={texts.events.kinds}>
            {KINDS.map((kind) => (
              <Chip key={kind} value={kind} size="xs" radius="md">
                {texts.events.kind[kind]}
              </Chip>
            ))}
          </Group>
        </Chip.Group>
      </search>
      <ol className={classes.lines}>
        {fitting.slice(0, shown).map((line) => (
          <EventLine key={line.key} line={line} start={start} onNode={onNode} />
        ))}
      </ol>
      {fitting.length === 0 && lines.length > 0 && <p className={classes.none}>{texts.events.none}</p>}
      {fitting.length > shown && (
        <div className={classes.more}>
          <Button variant="default" onClick={() => setShown(shown + PAGE)}>
            {texts.events.more(fitting.length - shown)}
          </Button>
        </div>
      )}
    </Panel>
  );
}
