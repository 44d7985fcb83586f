import { useEffect, useRef, useState } from 'react';
import type { Approval } from '@/api/approvals';
import { useMay } from '@/api/use-may';
import { isRecord } from '@/lib/json';
import { visible } from '@/lib/json-text';
import { own } from '@/lib/own';
import { texts as common } from '@/lib/texts';
import { formatMoment, millis } from '@/lib/time';
import classes from './approval-form.module.css';
import { CommentField } from './comment-field';
import { ProblemCard } from './problem-card';
import { ReasonedButton } from './reasoned-button';
import { type FormField, faultOf, fieldsOf, initialValues, objectOf } from './schema-form/fields';
import { SchemaForm } from './schema-form/schema-form';
import { commentOf, type Decide, type OnSettled, type Said, useDecision } from './use-decision';
import { useWhole } from './use-whole';

type Request = Pick<
  Approval,
  'id' | 'subject' | 'agent_name' | 'arguments' | 'form' | 'arguments_hash' | 'expires_at' | 'node_name'
>;

interface RequestFormProps {
  request: Request;
  label: string;
  onSettled?: OnSettled;
  /** Where a decision is sent to, if that is not the approval of this id. */
  decide?: Decide;
  /** What is said of a form that cannot be shown: how it can be filled in. */
  unknownForm?: string;
}

/** What a person is asked by the server of a tool, or by a node: with a form if there is one. */
export function RequestForm(props: RequestFormProps) {
  const { request } = props;
  const form = useWhole(request.id, 'form', request.form);
  const shown = useWhole(request.id, 'arguments', request.subject === 'input' ? request.arguments : null);
  const problem = form.error ?? shown.error;
  if (problem) return <ProblemCard problem={problem} />;
  if (form.value === undefined || shown.value === undefined) return null;
  const fields = form.value === null ? [] : fieldsOf(form.value);
  const message = isRecord(shown.value) ? own(shown.value, 'message') : null;
  return <Asked {...props} fields={fields} message={typeof message === 'string' ? message : null} />;
}

interface AskedProps extends RequestFormProps {
  /** `null` for a form that cannot be shown: then it can be rejected only. */
  fields: readonly FormField[] | null;
  /** What the server says. */
  message: string | null;
}

function Asked({ request, label, fields: known, message, unknownForm, ...props }: AskedProps) {
  const fields = known ?? [];
  const isNode = request.subject === 'node';
  const texts = isNode ? common.nodeRequest : common.inputRequest;
  const [values, setValues] = useState(() => initialValues(fields));
  const [tries, setTries] = useState(0);
  const form = useRef<HTMLFieldSetElement>(null);
  const [comment, setComment] = useState('');
  const outcomeOf = (said: Said) => texts.outcome[said.decision];
  const { onSettled, decide: sendTo } = props;
  const { id, arguments_hash: hash } = request;
  const decide = useDecision({ id, hash, outcomeOf, onSettled, decide: sendTo });
  // A link is for one person, who may decide.
  const { why } = useMay(sendTo ? null : 'decide');
  const send = (said: Said) => decide.send({ ...said, ...(isNode && commentOf(comment)) });
  const approve = () => {
    const isWhole = fields.every((field) => faultOf(field, values.get(field.name)) === null);
    setTries(isWhole ? 0 : tries + 1);
    const filled = request.form === null ? {} : { form: objectOf(fields, values) };
    if (isWhole) send({ decision: 'approved', ...filled });
  };
  useEffect(() => {
    if (tries > 0) form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [tries]);
  const expires = millis(request.expires_at);
  const who = isNode ? request.node_name : request.agent_name;
  return (
    <fieldset ref={form} className={classes.form} aria-label={label} disabled={decide.isClosed}>
      <p className={classes.note} data-tone="attention" role="status">
        <strong>{texts.title(who === null ? common.request.someone : visible(who))}</strong>{' '}
        {expires !== null && texts.expires(formatMoment(expires))}
      </p>
      {message !== null && <p className={classes.message}>{visible(message)}</p>}
      {known === null && <p className={classes.message}>{unknownForm ?? common.request.unknownForm}</p>}
      {fields.length > 0 && <SchemaForm fields={fields} values={values} onChange={setValues} isChecked={tries > 0} />}
      {isNode && <CommentField label={common.nodeRequest.comment} value={comment} onChange={setComment} />}
      {decide.error && <ProblemCard problem={decide.error} />}
      <div className={classes.choices}>
        {known !== null && (
          <ReasonedButton data-act="approve" size="xs" reason={why} onClick={approve}>
            {texts.approve}
          </ReasonedButton>
        )}
        <ReasonedButton
          data-act="reject"
          size="xs"
          variant="default"
          reason={why}
          onClick={() => send({ decision: 'rejected' })}
        >
          {texts.reject}
        </ReasonedButton>
        {!isNode && (
          <ReasonedButton size="xs" variant="default" reason={why} onClick={() => send({ decision: 'cancelled' })}>
            {common.inputRequest.cancel}
          </ReasonedButton>
        )}
      </div>
    </fieldset>
  );
}
