import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useEffect, useRef, useState } from 'react';
import { executeFlow } from '@/api/flows';
import { toProblem } from '@/api/problem';
import { useMay } from '@/api/use-may';
import { ProblemCard } from '@/components/problem-card';
import { ReasonedButton } from '@/components/reasoned-button';
import { type FormField, faultOf, initialValues, objectOf } from '@/components/schema-form/fields';
import { SchemaForm } from '@/components/schema-form/schema-form';
import { writeJson } from '@/lib/json';
import { idempotencyKey } from '@/lib/keys';
import classes from './form-page.module.css';
import { texts } from './texts';

interface EntryFormProps {
  flowId: string;
  fields: readonly FormField[];
  onSent: (executionId: string) => void;
}

/** The fields of a form. What is sent twice, because an answer was lost or a button pressed again, starts one execution. */
export function EntryForm({ flowId, fields, onSent }: EntryFormProps) {
  const [values, setValues] = useState(() => initialValues(fields));
  const [tries, setTries] = useState(0);
  const form = useRef<HTMLFormElement>(null);
  const last = useRef({ body: '', key: '' });
  const { may, why } = useMay('run_flows');
  const start = useMutation({
    mutationFn: () => {
      const body = { trigger_data: objectOf(fields, values) };
      const text = writeJson(body);
      // The same entries have the same key until they have arrived; others are a new intent.
      if (last.current.body !== text) last.current = { body: text, key: idempotencyKey() };
      return executeFlow(flowId, body, last.current.key);
    },
    onSuccess: onSent,
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const isWhole = fields.every((field) => faultOf(field, values.get(field.name)) === null);
    setTries(isWhole ? 0 : tries + 1);
    if (may && isWhole && !start.isPending) start.mutate();
  };
  useEffect(() => {
    if (tries > 0) form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [tries]);
  return (
    <form ref={form} className={classes.form} onSubmit={submit} noValidate aria-label={texts.fields}>
      {fields.length === 0 ? (
        <p className={classes.note}>{texts.nothingToFill}</p>
      ) : (
        <SchemaForm fields={fields} values={values} onChange={setValues} isChecked={tries > 0} size="md" />
      )}
      {start.error && <ProblemCard problem={start.error} />}
      {start.error && toProblem(start.error).status === 0 && <p className={classes.note}>{texts.notSent}</p>}
      <div className={classes.actions}>
        <ReasonedButton type="submit" size="md" reason={why} loading={start.isPending}>
          {texts.submit}
        </ReasonedButton>
      </div>
    </form>
  );
}
