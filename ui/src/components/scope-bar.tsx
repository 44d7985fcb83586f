import { Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { flowsQuery } from '@/api/flows';
import { PERIODS, type Period } from '@/lib/periods';
import { texts } from '@/lib/texts';
import classes from './scope-bar.module.css';

interface Scope {
  flow?: string | undefined;
  period?: Period | undefined;
}

interface ScopeBarProps {
  scope: Scope;
  /** The label for no period. */
  wholeTime: string;
  /** The periods to choose from; all of them by default. */
  periods?: readonly Period[];
  /** Extra information, such as the number of results. */
  children?: ReactNode;
  onChange: (scope: Scope) => void;
}

/** The scope of a report: which flow, and how far back. */
export function ScopeBar({ scope, wholeTime, periods, children, onChange }: ScopeBarProps) {
  const flows = useQuery(flowsQuery());
  const choices = (flows.data ?? []).map(({ id, name }) => ({ value: id, label: name }));
  const offered = PERIODS.filter(({ value }) => periods?.includes(value) ?? true);
  return (
    <search className={classes.bar}>
      <Select
        className={classes.flow}
        aria-label={texts.scope.flow}
        placeholder={texts.scope.allFlows}
        data={choices}
        value={scope.flow ?? null}
        searchable
        clearable
        size="xs"
        onChange={(flow) => onChange({ flow: flow ?? undefined, period: scope.period })}
      />
      <Select
        className={classes.period}
        aria-label={texts.scope.period}
        placeholder={wholeTime}
        data={offered.map(({ value, label }) => ({ value, label }))}
        value={scope.period ?? null}
        clearable
        size="xs"
        onChange={(period) => onChange({ flow: scope.flow, period: (period as Period | null) ?? undefined })}
      />
      <div className={classes.rest}>{children}</div>
    </search>
  );
}
