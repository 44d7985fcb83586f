import { Group, Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { flowsQuery } from '@/api/flows';
import { PERIODS, type Period } from '@/lib/periods';
import { texts } from '@/lib/texts';

interface Scope {
  flow?: string | undefined;
  period?: Period | undefined;
}

interface ScopeBarProps {
  scope: Scope;
  /** What an absent period means. */
  wholeTime: string;
  onChange: (scope: Scope) => void;
}

/** Which flow, and how far back: what reports are narrowed by. */
export function ScopeBar({ scope, wholeTime, onChange }: ScopeBarProps) {
  const flows = useQuery(flowsQuery());
  const choices = (flows.data ?? []).map(({ id, name }) => ({ value: id, label: name }));
  return (
    <Group gap="xs">
      <Select
        aria-label={texts.scope.flow}
        placeholder={texts.scope.allFlows}
        data={choices}
        value={scope.flow ?? null}
        searchable
        clearable
        size="sm"
        onChange={(flow) => onChange({ ...scope, flow: flow ?? undefined })}
      />
      <Select
        aria-label={texts.scope.period}
        placeholder={wholeTime}
        data={PERIODS.map(({ value, label }) => ({ value, label }))}
        value={scope.period ?? null}
        clearable
        size="sm"
        onChange={(period) => onChange({ ...scope, period: (period as Period | null) ?? undefined })}
      />
    </Group>
  );
}
