import classes from '@/components/conversation/conversation.module.css';
import { Duration } from '@/components/duration';
import { errorClassLabel } from '@/components/error-classes';
import { Prose } from '@/components/prose';
import { formatClock, millis } from '@/lib/time';
import { type Call, isOfTurn } from './model';
import { texts } from './texts';

/** Why a call has no result: it is under way, failed, or was cut off. */
export function CallNote({ call, isWriting = false }: { call: Call; isWriting?: boolean }) {
  const { status } = call.step;
  if (status === 'waiting') return null;
  if (status === 'running') return <Waiting call={call} isWriting={isWriting} />;
  if (status === 'failed') return <Failed call={call} />;
  return status === 'stopped' ? <Stopped call={call} /> : null;
}

function Waiting({ call: { step }, isWriting }: { call: Call; isWriting: boolean }) {
  const began = formatClock(millis(step.started_at) ?? 0);
  const stops = millis(step.stop_at);
  const isTool = isOfTurn(step);
  return (
    <p className={classes.note} data-tone="info">
      {/* Screen readers are told that it begins to write, and neither each piece of it nor each second. */}
      <span role="status">
        {isTool ? texts.calling(began) : isWriting ? texts.writing(began) : texts.waiting(began)}
      </span>
      {' · '}
      <Duration startedAt={step.started_at} endedAt={null} />
      {stops !== null && ` · ${texts.stopsAt(formatClock(stops))}`}
      {typeof step.reserved_tokens === 'number' && <span> {texts.reserved(step.reserved_tokens)}</span>}
    </p>
  );
}

function Failed({ call }: { call: Call }) {
  const { step, repeatedBy, leftFor } = call;
  const isTool = isOfTurn(step);
  const isRefused = step.error_class === 'model_output';
  const title = isRefused ? texts.refused : errorClassLabel(step.error_class ?? '');
  return (
    <div className={classes.note} data-tone={isTool || leftFor || step.summarizes ? 'warning' : 'danger'}>
      <strong>{title}</strong>{' '}
      <span className={classes.message}>
        <Prose text={step.error_message ?? ''} />
      </span>
      <span className={classes.aside}>
        {leftFor && (step.summarizes ? texts.withoutSummary : texts.leftFor(leftFor.model?.model ?? texts.otherModel))}
        {isRefused && repeatedBy && !step.summarizes && texts.toldNext}{' '}
        {repeatedBy ? again(isTool, repeatedBy.attempt) : typeof step.tool === 'string' && texts.toModel}
      </span>
    </div>
  );
}

function Stopped({ call: { step, repeatedBy } }: { call: Call }) {
  return (
    <div className={classes.note} data-tone="warning">
      <strong>{whyStopped(step.error_class)}</strong> {texts.noResult}{' '}
      {typeof step.reserved_tokens === 'number' && texts.reservedLost(step.reserved_tokens)}{' '}
      {repeatedBy && again(isOfTurn(step), repeatedBy.attempt)}
    </div>
  );
}

function again(isTool: boolean, attempt: number): string {
  return isTool ? texts.calledAgain(attempt) : texts.askedAgain(attempt);
}

function whyStopped(errorClass: string | null | undefined): string {
  if (errorClass === 'interrupted') return texts.interrupted;
  return errorClass === 'timeout' ? texts.timedOut : texts.stopped;
}
