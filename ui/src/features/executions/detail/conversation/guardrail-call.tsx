import { IconShieldCheck } from '@tabler/icons-react';
import classes from '@/components/conversation/conversation.module.css';
import { ShownValue } from '@/components/conversation/shown-value';
import { Duration } from '@/components/duration';
import { Prose } from '@/components/prose';
import { StatusIcon } from '@/components/status-icon';
import { usageText } from '@/components/usage-text';
import { isRecord } from '@/lib/json';
import { visible } from '@/lib/json-text';
import { ApprovalNote } from './approval-note';
import { CallNote } from './call-note';
import type { Call } from './model';
import { iconOf } from './step-icon';
import { texts } from './texts';

interface VerdictProps {
  output: unknown;
  fileName: string;
}

/** What a judge said: that the value passed, or why not; all of it where there is more. */
function Verdict({ output, fileName }: VerdictProps) {
  const { passed, reason, ...more } = isRecord(output) ? output : {};
  const isRefused = passed === false;
  return (
    <>
      <p className={isRefused ? classes.note : classes.aside} data-tone="warning">
        <strong>{isRefused ? texts.notPassed : texts.passed}</strong>{' '}
        {typeof reason === 'string' && <Prose text={reason} />}
      </p>
      {Object.keys(more).length > 0 && (
        <div className={classes.field}>
          <span className={classes.fieldName}>{texts.verdict}</span>
          <ShownValue value={output} fileName={fileName} />
        </div>
      )}
    </>
  );
}

interface GuardrailCallProps {
  call: Call;
  file: string;
}

/** A guardrail that asked a judge, with its verdict, or a person, with what was decided. */
export function GuardrailCall({ call, file }: GuardrailCallProps) {
  const { step, repeats } = call;
  const name = `${file}-${step.number}`;
  const usage = usageText(step.usage);
  return (
    <li className={classes.tool}>
      <div className={classes.toolHead}>
        <IconShieldCheck size={14} aria-hidden className={classes.toolIcon} />
        <span className={classes.toolName}>{texts.guardrail(visible(step.guardrail ?? ''))}</span>
        {repeats && <span className={classes.chip}>{texts.again.asked}</span>}
        <span className={classes.meta}>
          <Duration startedAt={step.started_at} endedAt={step.ended_at} ms={step.duration_ms} />
          <StatusIcon status={iconOf(step)} size={14} label={texts.state[step.status]} />
        </span>
      </div>
      {step.approval && <ApprovalNote step={step} approval={step.approval} fileName={`${name}-proposed.json`} />}
      {usage && <p className={classes.aside}>{texts.tokens(usage)}</p>}
      {step.status === 'completed' && !step.approval ? (
        <Verdict output={step.output ?? null} fileName={`${name}-verdict.json`} />
      ) : (
        <CallNote call={call} />
      )}
    </li>
  );
}
