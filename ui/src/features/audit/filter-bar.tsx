import { Button, Select } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import { SearchInput } from '@/components/search-input';
import { PERIODS, type Period } from '@/lib/periods';
import { texts as common } from '@/lib/texts';
import { ACTION_OPTIONS } from './actions';
import classes from './audit.module.css';
import { type AuditSearch, hasFilters } from './filters';
import { texts } from './texts';

interface FilterBarProps {
  search: AuditSearch;
  onChange: (search: AuditSearch) => void;
}

const PERIOD_OPTIONS = PERIODS.map(({ value, label }) => ({ value, label }));

/** The filters of the log. All of them are kept in the address. */
export function FilterBar({ search, onChange }: FilterBarProps) {
  const set = (change: AuditSearch) => onChange({ ...search, ...change });
  return (
    <search className={classes.bar}>
      <SearchInput
        value={search.actor}
        onChange={(actor) => set({ actor })}
        label={texts.filters.actor}
        className={classes.text}
      />
      <SearchInput
        value={search.target}
        onChange={(target) => set({ target })}
        label={texts.filters.target}
        className={classes.text}
      />
      <Select
        size="xs"
        className={classes.choice}
        aria-label={texts.filters.action}
        placeholder={texts.filters.anyAction}
        data={ACTION_OPTIONS}
        value={search.action ?? null}
        onChange={(action) => set({ action: action ?? undefined })}
        searchable
        clearable
      />
      <Select
        size="xs"
        className={classes.choice}
        aria-label={texts.filters.period}
        placeholder={texts.filters.allTime}
        data={PERIOD_OPTIONS}
        value={search.period ?? null}
        onChange={(period) => set({ period: (period as Period | null) ?? undefined })}
        clearable
      />
      {hasFilters(search) && (
        <Button
          variant="subtle"
          color="gray"
          leftSection={<IconX size={13} aria-hidden />}
          onClick={() => onChange({})}
        >
          {common.actions.clear}
        </Button>
      )}
    </search>
  );
}
