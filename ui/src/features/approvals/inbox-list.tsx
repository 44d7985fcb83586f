import { Button, Checkbox } from '@mantine/core';
import type { Approval } from '@/api/approvals';
import { useMay } from '@/api/use-may';
import { ReasonedButton } from '@/components/reasoned-button';
import type { Verdict } from './bulk';
import classes from './inbox.module.css';
import { InboxRow } from './inbox-row';
import { texts } from './texts';

interface InboxListProps {
  rows: readonly Approval[];
  openId: string | undefined;
  selected: ReadonlySet<string>;
  onSelect: (ids: Iterable<string>) => void;
  onToggle: (id: string) => void;
  onFocus: (id: string) => void;
  onOpen: (id: string) => void;
  onBulk: (verdict: Verdict) => void;
}

/** What waits, one line each, and what can be done with those that are selected. */
export function InboxList({ rows, openId, selected, onSelect, onToggle, onFocus, onOpen, onBulk }: InboxListProps) {
  const { why } = useMay('decide', 'anywhere');
  const entry = rows.some(({ id }) => id === openId) ? openId : rows[0]?.id;
  const isAll = rows.length > 0 && rows.every(({ id }) => selected.has(id));
  return (
    <>
      <div className={classes.bar}>
        <Checkbox
          size="xs"
          checked={isAll}
          indeterminate={selected.size > 0 && !isAll}
          onChange={() => onSelect(isAll ? [] : rows.map(({ id }) => id))}
          aria-label={texts.selectAll}
        />
        {selected.size === 0 ? (
          <span className={classes.keys}>
            {texts.keys.map(({ key, does }) => (
              <span key={key}>
                <kbd className={classes.key}>{key}</kbd> {does}
              </span>
            ))}
          </span>
        ) : (
          <>
            <span className={classes.count}>{texts.selected(selected.size)}</span>
            <ReasonedButton size="compact-xs" reason={why} onClick={() => onBulk('approved')}>
              {texts.approveSelected}
            </ReasonedButton>
            <ReasonedButton size="compact-xs" variant="default" reason={why} onClick={() => onBulk('rejected')}>
              {texts.rejectSelected}
            </ReasonedButton>
            <Button size="compact-xs" variant="subtle" color="gray" onClick={() => onSelect([])}>
              {texts.clear}
            </Button>
          </>
        )}
      </div>
      <ul className={classes.rows} aria-label={texts.list}>
        {rows.map((approval) => (
          <InboxRow
            key={approval.id}
            approval={approval}
            isCurrent={approval.id === openId}
            isEntry={approval.id === entry}
            isSelected={selected.has(approval.id)}
            onFocus={() => onFocus(approval.id)}
            onOpen={() => onOpen(approval.id)}
            onToggle={() => onToggle(approval.id)}
          />
        ))}
      </ul>
    </>
  );
}
