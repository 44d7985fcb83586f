import { Select } from '@mantine/core';
import { IconHourglass } from '@tabler/icons-react';
import type { Approval } from '@/api/approvals';
import { FilterChip } from '@/components/filter-chip';
import { useNow } from '@/lib/clock';
import classes from './inbox.module.css';
import { choicesOf, expiresSoon } from './order';
import { type InboxSearch, SORTS } from './search';
import { texts } from './texts';

interface InboxFiltersProps {
  /** All that waits. */
  rows: readonly Approval[];
  search: InboxSearch;
  onChange: (change: InboxSearch) => void;
}

const SORT_OPTIONS = SORTS.map((value) => ({ value, label: texts.filters.sorts[value] }));

/** The filters and the order. Only what there is to choose from is offered. */
export function InboxFilters({ rows, search, onChange }: InboxFiltersProps) {
  const now = useNow(60_000);
  const choices = choicesOf(rows, texts.deletedFlow);
  const soon = rows.filter((row) => expiresSoon(row, now)).length;
  const by = (key: 'flow' | 'agent' | 'tool') => {
    if (choices[key].length < 2 && search[key] === undefined) return null;
    return (
      <Select
        size="xs"
        className={classes.filter ?? ''}
        aria-label={texts.filters[key]}
        placeholder={texts.filters.all[key]}
        data={choices[key]}
        value={search[key] ?? null}
        onChange={(value) => onChange({ [key]: value ?? undefined })}
        searchable
        clearable
      />
    );
  };
  return (
    <search className={classes.filters}>
      {by('flow')}
      {by('agent')}
      {by('tool')}
      {(soon > 0 || search.soon) && (
        <FilterChip
          label={texts.filters.soon}
          tone="warning"
          icon={IconHourglass}
          count={soon}
          pressed={search.soon === true}
          onToggle={() => onChange({ soon: search.soon ? undefined : true })}
        />
      )}
      <Select
        size="xs"
        className={classes.filter ?? ''}
        aria-label={texts.filters.sort}
        data={SORT_OPTIONS}
        value={search.sort ?? 'expiry'}
        onChange={(value) => onChange({ sort: SORTS.find((sort) => sort === value && sort !== 'expiry') })}
        allowDeselect={false}
      />
    </search>
  );
}
