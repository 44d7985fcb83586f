import { Button, Select } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { flowsQuery } from '@/api/flows';
import type { ExecutionStatus } from '@/api/types';
import { ERROR_CLASS_NAMES, errorClassLabel } from '@/components/error-classes';
import { FilterChip } from '@/components/filter-chip';
import { SearchInput } from '@/components/search-input';
import { EXECUTION_STATUSES, STATUS_LOOKS } from '@/components/status';
import { writeJson } from '@/lib/json';
import { PERIODS, type Period } from '@/lib/periods';
import { texts as common } from '@/lib/texts';
import classes from './filter-bar.module.css';
import { type Filters, hasFilters } from './filters';
import { MoreFilters } from './more-filters';
import { texts } from './texts';
import { ViewsMenu } from './views-menu';

interface FilterBarProps {
  filters: Filters;
  onChange: (filters: Filters) => void;
}

const ERROR_OPTIONS = ERROR_CLASS_NAMES.map((value) => ({ value, label: errorClassLabel(value) }));
const PERIOD_OPTIONS = PERIODS.map(({ value, label }) => ({ value, label }));

/** The filters of the list. All of them are kept in the address. */
export function FilterBar({ filters, onChange }: FilterBarProps) {
  const flows = useQuery(flowsQuery());
  const set = (change: Filters) => onChange({ ...filters, ...change });
  return (
    <search className={classes.bar}>
      <SearchInput
        value={filters.q}
        onChange={(q) => set({ q })}
        label={texts.filters.search}
        className={classes.search}
      />
      <StatusChips filters={filters} onChange={set} />
      <Select
        size="xs"
        className={classes.flow}
        aria-label={texts.filters.flow}
        placeholder={texts.filters.allFlows}
        data={(flows.data ?? []).map((flow) => ({ value: flow.id, label: flow.name }))}
        value={filters.flow ?? null}
        onChange={(flow) => set({ flow: flow ?? undefined })}
        searchable
        clearable
      />
      <Select
        size="xs"
        className={classes.period}
        aria-label={texts.filters.period}
        placeholder={texts.filters.allTime}
        data={PERIOD_OPTIONS}
        value={filters.period ?? null}
        onChange={(period) =>
          set({ period: (period as Period | null) ?? undefined, ...(period && { from: undefined, to: undefined }) })
        }
        clearable
      />
      <Select
        size="xs"
        className={classes.error}
        aria-label={texts.filters.error}
        placeholder={texts.filters.anyError}
        data={ERROR_OPTIONS}
        value={filters.error ?? null}
        onChange={(error) => set({ error: error ?? undefined })}
        searchable
        clearable
      />
      <MoreFilters key={writeJson(filters)} filters={filters} onChange={set} />
      <ViewsMenu filters={filters} onChange={onChange} />
      {hasFilters(filters) && (
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

function StatusChips({ filters, onChange }: FilterBarProps) {
  const chosen = filters.status ?? [];
  const toggle = (status: ExecutionStatus) => {
    const next = chosen.includes(status) ? chosen.filter((other) => other !== status) : [...chosen, status];
    onChange({ status: next.length > 0 ? next : undefined });
  };
  return (
    <fieldset className={classes.chips} aria-label={texts.filters.status}>
      {EXECUTION_STATUSES.map((status) => (
        <StatusChip key={status} look={status} pressed={chosen.includes(status)} onToggle={() => toggle(status)} />
      ))}
      <StatusChip
        look="retrying"
        pressed={filters.retrying === true}
        onToggle={() => onChange({ retrying: filters.retrying ? undefined : true })}
      />
      <StatusChip
        look="decision"
        label={texts.filters.waiting}
        pressed={filters.waiting === true}
        onToggle={() => onChange({ waiting: filters.waiting ? undefined : true })}
      />
    </fieldset>
  );
}

interface StatusChipProps {
  look: ExecutionStatus | 'retrying' | 'decision';
  /** Instead of the name of the status. */
  label?: string;
  pressed: boolean;
  onToggle: () => void;
}

function StatusChip({ look, label, ...rest }: StatusChipProps) {
  const { label: name, tone, icon } = STATUS_LOOKS[look];
  return <FilterChip label={label ?? name} tone={tone} icon={icon} {...rest} />;
}
