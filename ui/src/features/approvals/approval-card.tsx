import { Link } from '@tanstack/react-router';
import type { Approval } from '@/api/approvals';
import { ApprovalForm } from '@/components/approval-form';
import { InputForm } from '@/components/input-form';
import { RelativeTime } from '@/components/relative-time';
import { ValueView } from '@/components/value-view';
import { visible } from '@/lib/json-text';
import classes from './approvals.module.css';
import { texts } from './texts';

interface ApprovalCardProps {
  approval: Approval;
  onSettled: (outcome: string) => void;
}

/** A call or an output that waits: what it is, where, with which value, and what can be decided. */
export function ApprovalCard({ approval, onSettled }: ApprovalCardProps) {
  const { id, execution_id: executionId, node_id: node, agent_name: agent } = approval;
  const tool = approval.tool === null ? texts.outputOf(visible(approval.node_name)) : visible(approval.tool);
  const flow = approval.flow_name ?? texts.deletedFlow;
  const form = {
    id,
    value: approval.arguments,
    hash: approval.arguments_hash,
    expiresAt: approval.expires_at,
    label: texts.decideOn(tool, flow),
    onSettled: (outcome: string) => onSettled(texts.settled(tool, outcome)),
  };
  return (
    <li className={classes.card} data-approval={id} data-input={approval.subject === 'input' || undefined}>
      <div className={classes.call}>
        <div className={classes.head}>
          <h2 className={classes.tool}>{approval.tool === null ? tool : <code>{tool}</code>}</h2>
          <span className={classes.where}>
            <Link
              className={classes.link ?? ''}
              to="/executions/$executionId"
              params={{ executionId }}
              search={{ node }}
            >
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
        </div>
        {approval.subject !== 'input' && <Proposed approval={approval} />}
      </div>
      {approval.subject === 'input' ? <InputForm {...form} agent={agent} /> : <ApprovalForm {...form} />}
    </li>
  );
}

/** What a model wants to give a tool, or the output that waits. */
function Proposed({ approval }: { approval: Approval }) {
  const { tool, guardrail, node_id: node } = approval;
  return (
    <>
      <span className={classes.soft}>{guardrail === null ? texts.arguments : texts.refusedBy(visible(guardrail))}</span>
      <ValueView
        value={approval.arguments}
        fileName={`${tool ?? node}-${tool === null ? 'output' : 'arguments'}.json`}
      />
    </>
  );
}
