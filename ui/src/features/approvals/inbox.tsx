import { Button } from '@mantine/core';
import { IconArrowLeft, IconFilterOff } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { EmptyState } from '@/components/empty-state';
import { texts as common } from '@/lib/texts';
import { Elsewhere } from './elsewhere';
import classes from './inbox.module.css';
import { InboxDetail } from './inbox-detail';
import { InboxList } from './inbox-list';
import { texts } from './texts';
import { type InboxProps, useInbox } from './use-inbox';

/** Filters that let everything through. */
const NO_FILTERS = { flow: undefined, agent: undefined, tool: undefined, soon: undefined } as const;

/** The list beside what is open in it; on narrow screens, one at a time. `children` are below the list. */
export function Inbox({ children, ...props }: InboxProps & { children: ReactNode }) {
  const { search, onLook } = props;
  const { isWide, shown, chosen, select, toggle, open, leave, bulk, ...detail } = useInbox(props);
  if (shown.length === 0) {
    return (
      <div className={classes.nothing}>
        <EmptyState icon={IconFilterOff} title={texts.emptyFilter}>
          <Button variant="default" onClick={() => onLook(NO_FILTERS)}>
            {common.actions.clear}
          </Button>
        </EmptyState>
        {children}
      </div>
    );
  }
  return (
    <div className={classes.inbox} data-open={(!isWide && search.id !== undefined) || undefined}>
      <div className={classes.side}>
        <InboxList
          rows={shown}
          openId={search.id}
          selected={new Set(chosen.map(({ id }) => id))}
          onSelect={select}
          onToggle={toggle}
          onFocus={(id) => isWide && id !== search.id && onLook({ id })}
          onOpen={open}
          onBulk={bulk}
        />
        {children}
      </div>
      <div className={classes.main}>
        {!isWide && (
          <Button
            variant="subtle"
            color="gray"
            className={classes.back ?? ''}
            leftSection={<IconArrowLeft size={14} aria-hidden />}
            onClick={leave}
          >
            {texts.back}
          </Button>
        )}
        {search.id !== undefined && <Open {...detail} id={search.id} shown={shown} onOpen={open} />}
      </div>
    </div>
  );
}

type OpenProps = Pick<ReturnType<typeof useInbox>, 'heading' | 'settle' | 'shown'> & {
  id: string;
  onOpen: (id: string) => void;
};

function Open({ id, shown, heading, settle, onOpen }: OpenProps) {
  const approval = shown.find((one) => one.id === id);
  const first = shown[0];
  if (!approval) {
    return <Elsewhere id={id} heading={heading} onSettled={settle} onNext={first && (() => onOpen(first.id))} />;
  }
  return (
    <InboxDetail
      // With other arguments, it is another decision: what was filled in is not carried over.
      key={`${id} ${approval.arguments_hash}`}
      approval={approval}
      heading={heading}
      onSettled={(outcome, isMine) => settle(approval, outcome, isMine)}
    />
  );
}
