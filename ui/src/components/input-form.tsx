import { Button } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { type ApprovalDecision, approvalsKey, decideApproval } from '@/api/approvals';
import { previewOf, wholeValue } from '@/api/preview';
import { toProblem } from '@/api/problem';
import { isRecord } from '@/lib/json';
import { visible } from '@/lib/json-text';
import { own } from '@/lib/own';
import { texts as common } from '@/lib/texts';
import { formatMoment, millis } from '@/lib/time';
import classes from './approval-form.module.css';
import { ProblemCard } from './problem-card';
import { faultOf, fieldsOf, initialValues, objectOf } from './schema-form/fields';
import { SchemaForm } from './schema-form/schema-form';

const texts = common.inputRequest;

interface InputFormProps {
  id: string;
  /** The `message` and the `form` of the server: whole, or a preview. */
  value: unknown;
  hash: string;
  expiresAt: string | null;
  /** Who asks, if its name is known. */
  agent: string | null;
  label: string;
  /** Told what became of it: that it is answered, or that it can no longer be. */
  onSettled: (outcome: string) => void;
}

/** What a server asks a person for in the middle of its work: the answer is sent, declined, or left open. */
export function InputForm(props: InputFormProps) {
  const preview = previewOf(props.value);
  const whole = useQuery({
    queryKey: [...approvalsKey, props.id, 'arguments'],
    queryFn: () => (preview ? wholeValue(preview) : props.value),
    enabled: preview !== null,
  });
  if (whole.isError) return <ProblemCard problem={whole.error} />;
  const asked = preview ? whole.data : props.value;
  return isRecord(asked) ? <Asked {...props} asked={asked} /> : null;
}

function Asked({
  id,
  hash,
  expiresAt,
  agent,
  label,
  onSettled,
  asked,
}: InputFormProps & { asked: Record<string, unknown> }) {
  const fields = fieldsOf(own(asked, 'form')) ?? [];
  const [values, setValues] = useState(() => initialValues(fields));
  const [isChecked, setChecked] = useState(false);
  const queries = useQueryClient();
  const decide = useMutation({
    mutationFn: (said: Pick<ApprovalDecision, 'decision' | 'form'>) =>
      decideApproval(id, { ...said, arguments_hash: hash }),
    onSuccess: (_, said) => onSettled(texts.outcome[said.decision]),
    onError: (error) => {
      const { status, detail } = toProblem(error);
      // Somebody else has answered, or the execution has ended: then it is no longer listed.
      if (status === 404 || status === 409) onSettled(detail);
    },
    onSettled: async () => {
      await Promise.all([
        queries.invalidateQueries({ queryKey: approvalsKey }),
        queries.invalidateQueries({ queryKey: ['executions'] }),
      ]);
    },
  });
  const send = () => {
    const isWhole = fields.every((field) => faultOf(field, values.get(field.name)) === null);
    setChecked(!isWhole);
    if (isWhole) decide.mutate({ decision: 'approved', form: objectOf(fields, values) });
  };
  const expires = millis(expiresAt);
  const message = own(asked, 'message');
  return (
    <fieldset className={classes.form} aria-label={label} disabled={decide.isPending}>
      <p className={classes.note} data-tone="attention" role="status">
        <strong>{texts.title(agent === null ? texts.someone : visible(agent))}</strong>{' '}
        {expires !== null && texts.expires(formatMoment(expires))}
      </p>
      <p className={classes.message}>{typeof message === 'string' ? visible(message) : ''}</p>
      <SchemaForm fields={fields} values={values} onChange={setValues} isChecked={isChecked} />
      {decide.isError && <ProblemCard problem={decide.error} />}
      <div className={classes.choices}>
        <Button size="xs" onClick={send}>
          {texts.send}
        </Button>
        <Button size="xs" variant="default" onClick={() => decide.mutate({ decision: 'rejected' })}>
          {texts.decline}
        </Button>
        <Button size="xs" variant="default" onClick={() => decide.mutate({ decision: 'cancelled' })}>
          {texts.cancel}
        </Button>
      </div>
    </fieldset>
  );
}
