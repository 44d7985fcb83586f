import { IconBellOff, IconCircleCheck, IconFlame, IconUser } from '@tabler/icons-react';
import type { FailureGroup } from '@/api/reports';
import { FilterChip } from '@/components/filter-chip';
import classes from './failure-list.module.css';
import { type FailuresSearch, SHOWN_STATES, type ShownState } from './search';
import { isShown } from './states';
import { texts } from './texts';

interface StateFilterProps {
  groups: readonly FailureGroup[];
  search: FailuresSearch;
  /** Who uses the studio; `undefined` where nobody signs in. */
  me: string | undefined;
  onChange: (change: FailuresSearch) => void;
}

const ICONS = { open: IconFlame, muted: IconBellOff, resolved: IconCircleCheck } as const;
const TONES = { open: 'danger', muted: 'neutral', resolved: 'success' } as const;

/** Which groups are shown: the open ones unless others are asked for. */
export function StateFilter({ groups, search, me, onChange }: StateFilterProps) {
  const shown = search.state ?? 'open';
  const count = (state: ShownState) => groups.filter((group) => isShown(group, { ...search, state }, me)).length;
  return (
    <fieldset className={classes.states} aria-label={texts.states.label}>
      {SHOWN_STATES.map((state) => (
        <FilterChip
          key={state}
          label={texts.states[state](count(state))}
          tone={TONES[state]}
          icon={ICONS[state]}
          pressed={shown === state}
          onToggle={() => onChange({ state: state === 'open' ? undefined : state })}
        />
      ))}
      {me && (
        <FilterChip
          label={texts.states.mine}
          tone="info"
          icon={IconUser}
          pressed={search.mine === true}
          onToggle={() => onChange({ mine: search.mine ? undefined : true })}
        />
      )}
    </fieldset>
  );
}
