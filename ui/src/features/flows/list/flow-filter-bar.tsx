import { SegmentedControl, Select } from '@mantine/core';
import { IconLayoutGrid, IconTable, IconTemplate } from '@tabler/icons-react';
import { useMemo } from 'react';
import type { Flow, FlowStatus } from '@/api/types';
import { FilterChip } from '@/components/filter-chip';
import { FLOW_STATUS_LOOKS } from '@/components/flow-status';
import { SearchInput } from '@/components/search-input';
import { countByStatus, type FlowFilters, tagsOf } from './filter-flows';
import classes from './flow-filter-bar.module.css';
import { texts } from './texts';

/** What the list shows, as it is in the address. */
export interface Search extends FlowFilters {
  view?: 'cards' | 'table' | undefined;
}

interface FlowFilterBarProps {
  /** Absent while they are loading: then there are no counts. */
  flows: readonly Flow[] | undefined;
  search: Search;
  onChange: (search: Search) => void;
}

const NONE: readonly Flow[] = [];
const STATUSES = Object.keys(FLOW_STATUS_LOOKS) as FlowStatus[];

const VIEWS = [
  { value: 'cards', label: <ViewLabel icon={IconLayoutGrid} text={texts.filters.cards} /> },
  { value: 'table', label: <ViewLabel icon={IconTable} text={texts.filters.table} /> },
];

/** The filters and the view of the list. All of it is kept in the address. */
export function FlowFilterBar({ flows, search, onChange }: FlowFilterBarProps) {
  const counts = useMemo(() => countByStatus(flows ?? NONE), [flows]);
  const tags = useMemo(() => tagsOf(flows ?? NONE), [flows]);
  const set = (change: Search) => onChange({ ...search, ...change });
  return (
    <search className={classes.bar}>
      <SearchInput
        value={search.q}
        onChange={(q) => set({ q })}
        label={texts.filters.search}
        className={classes.search}
      />
      <fieldset className={classes.chips} aria-label={texts.filters.status}>
        {STATUSES.map((status) => {
          const { label, tone, icon } = FLOW_STATUS_LOOKS[status];
          const isOn = search.status === status;
          return (
            <FilterChip
              key={status}
              label={label}
              tone={tone}
              icon={icon}
              count={flows ? counts[status] : '–'}
              pressed={isOn}
              onToggle={() => set({ status: isOn ? undefined : status })}
            />
          );
        })}
        <FilterChip
          label={texts.filters.templates}
          tone="info"
          icon={IconTemplate}
          pressed={search.templates === true}
          onToggle={() => set({ templates: search.templates ? undefined : true })}
        />
      </fieldset>
      {(tags.length > 0 || search.tag) && (
        <Select
          size="xs"
          className={classes.tag}
          aria-label={texts.filters.tag}
          placeholder={texts.filters.anyTag}
          data={search.tag && !tags.includes(search.tag) ? [search.tag, ...tags] : tags}
          value={search.tag ?? null}
          onChange={(tag) => set({ tag: tag ?? undefined })}
          searchable
          clearable
        />
      )}
      <SegmentedControl
        size="xs"
        className={classes.view}
        data={VIEWS}
        value={search.view ?? 'cards'}
        onChange={(view) => set({ view: view === 'table' ? 'table' : undefined })}
        aria-label={texts.filters.view}
      />
    </search>
  );
}

function ViewLabel({ icon: Icon, text }: { icon: typeof IconTable; text: string }) {
  return (
    <span className={classes.viewLabel} title={text}>
      <Icon size={16} stroke={1.7} aria-hidden />
      <span className="visually-hidden">{text}</span>
    </span>
  );
}
