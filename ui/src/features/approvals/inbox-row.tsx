import { Checkbox } from '@mantine/core';
import type { Approval } from '@/api/approvals';
import { Expiry } from './expiry';
import classes from './inbox.module.css';
import { texts } from './texts';
import { glimpseOf, titleOf } from './titles';

interface InboxRowProps {
  approval: Approval;
  /** Whether it is the one that is shown beside the list. */
  isCurrent: boolean;
  /** Whether Tab reaches it; the others are reached by keys. */
  isEntry: boolean;
  isSelected: boolean;
  onFocus: () => void;
  onOpen: () => void;
  onToggle: () => void;
}

/** One line of the list: what waits, where, what it is about, and until when. */
export function InboxRow({ approval, isCurrent, isEntry, isSelected, onFocus, onOpen, onToggle }: InboxRowProps) {
  const title = titleOf(approval);
  const flow = approval.flow_name ?? texts.deletedFlow;
  const tabIndex = isEntry ? 0 : -1;
  return (
    <li className={classes.row} data-approval={approval.id} data-current={isCurrent || undefined}>
      <Checkbox
        size="xs"
        className={classes.check ?? ''}
        tabIndex={tabIndex}
        checked={isSelected}
        onChange={onToggle}
        aria-label={texts.select(title, flow)}
      />
      <button
        type="button"
        className={classes.open}
        tabIndex={tabIndex}
        aria-current={isCurrent || undefined}
        onFocus={onFocus}
        onClick={onOpen}
      >
        <span className={classes.line}>
          <span className={classes.name} data-code={approval.tool !== null || undefined}>
            {title}
          </span>
          <Expiry approval={approval} />
        </span>
        <span className={classes.place}>
          <bdi>{flow}</bdi>
          {approval.subject !== 'node' && (
            <>
              {' · '}
              <bdi>{approval.node_name}</bdi>
            </>
          )}
          {approval.agent_name !== null && (
            <>
              {' · '}
              <bdi>{approval.agent_name}</bdi>
            </>
          )}
        </span>
        <span className={classes.glimpse}>{glimpseOf(approval)}</span>
      </button>
    </li>
  );
}
