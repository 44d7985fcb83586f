import { Link } from '@tanstack/react-router';
import type { Ref } from 'react';
import type { Approval } from '@/api/approvals';
import { ApprovalForm } from '@/components/approval-form';
import { OfFlow } from '@/components/of-flow';
import { RelativeTime } from '@/components/relative-time';
import { RequestForm } from '@/components/request-form';
import type { OnSettled } from '@/components/use-decision';
import { CopyLink } from './copy-link';
import { Expiry } from './expiry';
import classes from './inbox.module.css';
import { ProposedValue } from './proposed-value';
import { texts } from './texts';
import { titleOf } from './titles';

interface InboxDetailProps {
  approval: Approval;
  /** The heading, which takes the focus. */
  heading: Ref<HTMLHeadingElement>;
  onSettled: OnSettled;
}

/** What waits: what it is, where, with which value, and what can be decided. */
export function InboxDetail(props: InboxDetailProps) {
  return (
    <OfFlow id={props.approval.flow_id}>
      <Detail {...props} />
    </OfFlow>
  );
}

function Detail({ approval, heading, onSettled }: InboxDetailProps) {
  const { id, subject, execution_id: executionId, node_id: node, agent_name: agent } = approval;
  const title = titleOf(approval);
  const flow = approval.flow_name ?? texts.deletedFlow;
  const label = texts.decideOn(title, flow);
  return (
    <article className={classes.detail} data-detail={id} aria-label={label}>
      <header className={classes.head}>
        <h2 className={classes.title} tabIndex={-1} ref={heading}>
          {approval.tool === null ? title : <code>{title}</code>}
        </h2>
        <span className={classes.where}>
          <Link className={classes.link ?? ''} to="/executions/$executionId" params={{ executionId }} search={{ node }}>
            <bdi>{flow}</bdi> · <bdi>{approval.node_name}</bdi>
          </Link>
          {agent && (
            <>
              {' · '}
              <bdi>{agent}</bdi>
            </>
          )}
        </span>
        <span className={classes.soft}>
          {texts.asked} <RelativeTime time={approval.requested_at} />
        </span>
        <Expiry approval={approval} />
        <CopyLink id={id} />
      </header>
      <ProposedValue asked={approval} />
      <div className={classes.decide}>
        {subject === 'input' || subject === 'node' ? (
          <RequestForm request={approval} label={label} onSettled={onSettled} />
        ) : (
          <ApprovalForm
            id={id}
            value={approval.arguments}
            hash={approval.arguments_hash}
            expiresAt={approval.expires_at}
            label={label}
            onSettled={onSettled}
          />
        )}
      </div>
    </article>
  );
}
