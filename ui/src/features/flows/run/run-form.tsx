import { Button, TextInput, Tooltip } from '@mantine/core';
import { IconHistory, IconPlayerPlay } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { previewOf, wholeValue } from '@/api/preview';
import type { Execution, Flow, Json } from '@/api/types';
import { useMay } from '@/api/use-may';
import { ProblemCard } from '@/components/problem-card';
import { fieldsOf } from '@/components/schema-form/fields';
import { formOf } from '@/components/trigger-form';
import { FlowWarnings } from './flow-warnings';
import classes from './run.module.css';
import { texts } from './texts';
import { TriggerInput } from './trigger-input';
import { useRun } from './use-run';
import { type TriggerDraft, useTriggerDraft } from './use-trigger-draft';

interface RunFormProps {
  /** With its `trigger_input`. */
  flow: Flow;
  /** The newest execution of the flow; `null` if there is none. */
  last: Execution | null;
  onClose: () => void;
}

/** The input of a new execution: at first that of the last one or, before there is one, the flow's example. */
export function RunForm({ flow, last, onClose }: RunFormProps) {
  const example = flow.trigger_input?.example;
  const preview = previewOf(last?.trigger_data);
  const form = useMemo(() => fieldsOf(formOf(flow)), [flow]);
  const first = ((preview ? null : last?.trigger_data) ?? example ?? {}) as Json;
  const trigger = useTriggerDraft(flow.trigger_input, form, first);
  const whole = useMutation({ mutationFn: wholeValue, onSuccess: (data) => trigger.fill(data as Json) });
  const [contextId, setContextId] = useState('');
  const [contextType, setContextType] = useState('');
  const run = useRun(flow.id, onClose);
  const { why } = useMay('run_flows');
  const reason = why ?? whyNot(flow, trigger);

  const submit = () => {
    if (reason || run.isPending || !('value' in trigger.reading)) return;
    run.mutate({
      trigger_data: trigger.reading.value,
      ...(contextId.trim() && { context_id: contextId.trim() }),
      ...(contextType.trim() && { context_type: contextType.trim() }),
    });
  };
  const fillFromLast = () => {
    if (!last) return;
    if (preview) whole.mutate(preview);
    else trigger.fill((last.trigger_data ?? {}) as Json);
    setContextId(last.context_id ?? '');
    setContextType(last.context_type ?? '');
  };

  return (
    <form
      ref={focusFirst}
      className={classes.form}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
      onKeyDown={(event) => {
        if (event.key !== 'Enter' || !(event.metaKey || event.ctrlKey)) return;
        event.preventDefault();
        event.currentTarget.requestSubmit();
      }}
    >
      <div className={classes.fields}>
        <FlowWarnings flow={flow} />
        <TriggerInput trigger={trigger} note={noteOf(preview ? null : last, example)} />
        <section className={classes.section}>
          <h2 className={classes.heading}>{texts.context}</h2>
          <div className={classes.pair}>
            <TextInput
              label={texts.contextId}
              placeholder={flow.context_id_template ? texts.contextIdFrom(flow.context_id_template) : texts.optional}
              value={contextId}
              onChange={(event) => setContextId(event.target.value)}
              maxLength={1000}
              spellCheck={false}
            />
            <TextInput
              label={texts.contextType}
              placeholder={
                flow.context_type_default ? texts.contextTypeFrom(flow.context_type_default) : texts.optional
              }
              value={contextType}
              onChange={(event) => setContextType(event.target.value)}
              maxLength={1000}
              spellCheck={false}
            />
          </div>
        </section>
        {whole.isError && <ProblemCard problem={whole.error} />}
        {run.isError && <ProblemCard problem={run.error} />}
      </div>
      <footer className={classes.footer}>
        <Tooltip label={last ? texts.lastDetail : texts.lastNone}>
          <Button
            variant="subtle"
            color="gray"
            size="sm"
            className={classes.last}
            leftSection={<IconHistory size={15} aria-hidden />}
            data-disabled={!last || undefined}
            aria-disabled={!last}
            loading={whole.isPending}
            onClick={fillFromLast}
          >
            {texts.last}
          </Button>
        </Tooltip>
        <Button variant="default" size="sm" onClick={onClose}>
          {texts.cancel}
        </Button>
        <Tooltip label={reason} disabled={!reason}>
          <Button
            type="submit"
            size="sm"
            leftSection={<IconPlayerPlay size={15} aria-hidden />}
            loading={run.isPending}
            data-disabled={reason !== null || undefined}
            aria-disabled={reason !== null}
            data-autofocus={trigger.fields.length === 0 || undefined}
          >
            {texts.run}
          </Button>
        </Tooltip>
      </footer>
    </form>
  );
}

/** The dialog has put the focus on its close button while the form was loading. */
function focusFirst(form: HTMLFormElement | null): void {
  form?.querySelector<HTMLElement>('[data-autofocus]')?.focus();
}

/** Says what the form was filled in with. */
function noteOf(last: Execution | null, example: unknown): string | null {
  if (last) return texts.filled.last;
  return example === undefined ? null : texts.filled.example;
}

function whyNot(flow: Flow, { reading, draft }: TriggerDraft): string | null {
  if (flow.status === 'paused' || flow.status === 'archived') return texts.stopped(flow.status);
  if ('value' in reading) return null;
  return draft.mode === 'json' ? texts.jsonFirst : texts.fieldFirst;
}
