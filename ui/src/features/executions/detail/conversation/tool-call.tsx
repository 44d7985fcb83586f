import { IconTool } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import classes from '@/components/conversation/conversation.module.css';
import { ShownValue } from '@/components/conversation/shown-value';
import { Duration } from '@/components/duration';
import { CopyLink, useMark } from '@/components/marked';
import { StatusIcon } from '@/components/status-icon';
import { visible } from '@/lib/json-text';
import { texts as common } from '@/lib/texts';
import { ApprovalNote } from './approval-note';
import { CallNote } from './call-note';
import type { Call } from './model';
import { iconOf } from './step-icon';
import { texts } from './texts';

interface ToolCallProps {
  call: Call;
  file: string;
}

/** A tool that the model called: its arguments, and beside them its result or error. */
export function ToolCall({ call, file }: ToolCallProps) {
  const { step, repeats } = call;
  const name = `${file}-${step.number}`;
  return (
    <li className={classes.tool} {...useMark({ step: step.number })}>
      <div className={classes.toolHead}>
        <IconTool size={14} aria-hidden className={classes.toolIcon} />
        <code className={classes.toolName}>{visible(step.tool ?? '')}</code>
        {step.execution_id && (
          <Link to="/executions/$executionId" params={{ executionId: step.execution_id }} className={classes.more}>
            {texts.openFlow}
          </Link>
        )}
        {repeats && <span className={classes.chip}>{texts.again.called}</span>}
        <span className={classes.meta}>
          <CopyLink part={{ step: step.number }} label={common.linkTo.step(step.number)} />
          <Duration startedAt={step.started_at} endedAt={step.ended_at} ms={step.duration_ms} />
          <StatusIcon status={iconOf(step)} size={14} label={texts.state[step.status]} />
        </span>
      </div>
      <div className={classes.field}>
        <span className={classes.fieldName}>{texts.arguments}</span>
        <ShownValue value={step.arguments ?? null} fileName={`${name}-arguments.json`} />
      </div>
      {step.approval && <ApprovalNote step={step} approval={step.approval} fileName={`${name}-proposed.json`} />}
      {step.status === 'completed' ? (
        <div className={classes.field}>
          <span className={classes.fieldName}>{texts.result}</span>
          <ShownValue value={step.output ?? null} fileName={`${name}-result.json`} />
        </div>
      ) : (
        <CallNote call={call} />
      )}
    </li>
  );
}
