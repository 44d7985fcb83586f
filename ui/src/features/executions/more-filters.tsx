import { Button, Group, Popover, Stack, TextInput } from '@mantine/core';
import { IconFilter } from '@tabler/icons-react';
import { useState } from 'react';
import type { Filters } from './filters';
import { fromLocal, toLocal } from './local-time';
import { texts } from './texts';

interface MoreFiltersProps {
  filters: Filters;
  onChange: (change: Filters) => void;
}

/** Filters that are needed now and then: a time range, the node that failed, the exact reference. */
export function MoreFilters({ filters, onChange }: MoreFiltersProps) {
  const [isOpen, setOpen] = useState(false);
  const { from, to, node, context } = filters;
  const count = [from ?? to, node, context].filter(Boolean).length;
  return (
    <Popover opened={isOpen} onChange={setOpen} position="bottom-start" width={320} trapFocus>
      <Popover.Target>
        <Button
          variant="default"
          leftSection={<IconFilter size={14} aria-hidden />}
          aria-haspopup="dialog"
          onClick={() => setOpen(!isOpen)}
        >
          {texts.more.title(count)}
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label={texts.more.title(0)}>
        <Form
          filters={filters}
          onApply={(change) => {
            setOpen(false);
            onChange(change);
          }}
        />
      </Popover.Dropdown>
    </Popover>
  );
}

function Form({ filters, onApply }: { filters: Filters; onApply: (change: Filters) => void }) {
  const [from, setFrom] = useState(() => toLocal(filters.from));
  const [to, setTo] = useState(() => toLocal(filters.to));
  const [node, setNode] = useState(filters.node ?? '');
  const [context, setContext] = useState(filters.context ?? '');
  const isReversed = from !== '' && to !== '' && from >= to;
  const submit = (event: React.FormEvent) => {
    event.preventDefault();
    if (isReversed) return;
    const range = { from: fromLocal(from), to: fromLocal(to) };
    // A range of one's own is in place of a period up to now.
    const period = range.from || range.to ? undefined : filters.period;
    onApply({ ...range, period, node: node.trim() || undefined, context: context.trim() || undefined });
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        <TextInput
          size="xs"
          type="datetime-local"
          label={texts.more.from}
          value={from}
          onChange={(event) => setFrom(event.currentTarget.value)}
        />
        <TextInput
          size="xs"
          type="datetime-local"
          label={texts.more.to}
          value={to}
          error={isReversed ? texts.more.reversed : undefined}
          onChange={(event) => setTo(event.currentTarget.value)}
        />
        <TextInput
          size="xs"
          label={texts.more.node}
          description={texts.more.nodeHint}
          value={node}
          maxLength={200}
          onChange={(event) => setNode(event.currentTarget.value)}
        />
        <TextInput
          size="xs"
          label={texts.more.context}
          description={texts.more.contextHint}
          value={context}
          maxLength={200}
          onChange={(event) => setContext(event.currentTarget.value)}
        />
        <Group justify="flex-end">
          <Button type="submit" size="xs">
            {texts.more.apply}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
