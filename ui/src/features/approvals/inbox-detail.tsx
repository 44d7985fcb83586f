import { Link } from '@tanstack/react-router';
import type { Ref } from 'react';
import type { Approval } from '@/api/approvals';
import { ApprovalForm } from '@/components/approval-form';
import { AskedValues } from '@/components/asked-values';
import { RelativeTime } from '@/components/relative-time';
import { RequestForm } from '@/components/request-form';
import type { OnSettled } from '@/components/use-decision';
import { ValueView } from '@/components/value-view';
import { visible } from '@/lib/json-text';
import { Expiry } from './expiry';
import classes from './inbox.module.css';
import { texts } from './texts';
import { titleOf } from './titles';

interface InboxDetailProps {
  approval: Approval;
  /** The heading, which takes the focus. */
  heading: Ref<HTMLHeadingElement>;
  onSettled: OnSettled;
}

/** What waits: what it is, where, with which value, and what can be decided. */
export function InboxDetail({ approval, heading, onSettled }: InboxDetailProps) {
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
      </header>
      <Proposed approval={approval} />
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

/** What a model wants to give a tool, the output that waits, or what a node shows. */
function Proposed({ approval }: { approval: Approval }) {
  const { subject, tool, guardrail, node_id: node, arguments: value } = approval;
  // What a server asks is above its form.
  if (subject === 'input') return null;
  if (subject === 'node') {
    return (
      <div className={classes.value}>
        <AskedValues value={value} fileName={`${node}-input.json`} />
      </div>
    );
  }
  const name = subject === 'tool' ? 'arguments' : 'output';
  return (
    <div className={classes.value}>
      <span className={classes.soft}>
        {guardrail === null ? texts.shown[name] : texts.refusedBy(visible(guardrail))}
      </span>
      <ValueView value={value} fileName={`${tool ?? node}-${name}.json`} />
    </div>
  );
}
