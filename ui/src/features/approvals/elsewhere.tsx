import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type Ref, useRef } from 'react';
import { type Approval, approvalQuery } from '@/api/approvals';
import { decidedText } from '@/components/decided-text';
import { ProblemCard } from '@/components/problem-card';
import classes from './inbox.module.css';
import { InboxDetail } from './inbox-detail';
import { texts } from './texts';
import { titleOf } from './titles';

interface ElsewhereProps {
  id: string;
  heading?: Ref<HTMLHeadingElement>;
  onSettled: (approval: Approval, outcome: string, isMine: boolean) => void;
  /** Shows the next that waits, if there is one. */
  onNext?: (() => void) | undefined;
}

/** Something that is not in the list: it was decided meanwhile, or it is one of more than the list has. */
export function Elsewhere({ id, heading, onSettled, onNext }: ElsewhereProps) {
  const own = useRef<HTMLHeadingElement>(null);
  const found = useQuery(approvalQuery(id, 'gone'));
  if (found.isError) return <ProblemCard problem={found.error} />;
  if (!found.data) return null;
  const approval = found.data;
  if (approval.is_open) {
    const settle = (outcome: string, isMine: boolean) => onSettled(approval, outcome, isMine);
    return <InboxDetail approval={approval} heading={heading ?? own} onSettled={settle} />;
  }
  return (
    <article className={classes.detail} data-detail={id}>
      <header className={classes.head}>
        <h2 className={classes.title} tabIndex={-1} ref={heading ?? own}>
          {titleOf(approval)}
        </h2>
        <span className={classes.where}>
          <bdi>{approval.flow_name ?? texts.deletedFlow}</bdi> · <bdi>{approval.node_name}</bdi>
        </span>
      </header>
      <p className={classes.gone} data-tone="attention" role="status">
        {approval.decided ? decidedText(approval.decided) : texts.ended}
      </p>
      {onNext && (
        <div>
          <Button variant="default" onClick={onNext}>
            {texts.next}
          </Button>
        </div>
      )}
    </article>
  );
}
