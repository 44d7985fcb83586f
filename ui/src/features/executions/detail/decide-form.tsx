import { Button, Radio, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { type Decision, decideNode } from '@/api/executions';
import type { NodeExecution } from '@/api/types';
import { useMay } from '@/api/use-may';
import { JsonEditor } from '@/components/json-editor';
import { ProblemCard } from '@/components/problem-card';
import { ReasonedButton } from '@/components/reasoned-button';
import { type Draft, toDecision } from './decision';
import classes from './node-panel.module.css';
import { executionQuery } from './queries';
import { Section } from './section';
import { texts } from './texts';

interface DecideFormProps {
  executionId: string;
  node: NodeExecution;
}

const CHOICES: readonly { kind: Draft['kind']; label: string; detail: string }[] = [
  { kind: 'retry', label: texts.decide.retry, detail: texts.decide.retryDetail },
  { kind: 'complete', label: texts.decide.complete, detail: texts.decide.completeDetail },
  { kind: 'fail', label: texts.decide.fail, detail: texts.decide.failDetail },
];

/** Decides about a waiting node: try again, use this output instead, or mark it as failed. */
export function DecideForm({ executionId, node }: DecideFormProps) {
  const [draft, setDraft] = useState<Draft>({ kind: 'retry', output: '{}', message: '' });
  const queries = useQueryClient();
  const decide = useMutation({
    mutationFn: (decision: Decision) => decideNode(executionId, node.node_id, decision),
    onSettled: () => queries.invalidateQueries({ queryKey: executionQuery(executionId).queryKey }),
  });
  const { why } = useMay('control_executions');
  const decision = toDecision(draft);
  const isCutOff = node.error_class === 'interrupted';
  return (
    <Section title={texts.decide.title}>
      <p className={classes.question}>{isCutOff ? texts.decide.interrupted : texts.decide.exhausted}</p>
      <Radio.Group
        value={draft.kind}
        onChange={(kind) => setDraft({ ...draft, kind: kind as Draft['kind'] })}
        aria-label={texts.decide.title}
      >
        <div className={classes.choices}>
          {CHOICES.map(({ kind, label, detail }) => (
            <Radio key={kind} value={kind} size="sm" label={label} description={detail} />
          ))}
        </div>
      </Radio.Group>
      {draft.kind === 'complete' && (
        <JsonEditor
          value={draft.output}
          onChange={(output) => setDraft({ ...draft, output })}
          label={texts.decide.output}
          isInvalid={!decision}
        />
      )}
      {draft.kind === 'fail' && (
        <TextInput
          size="xs"
          placeholder={texts.decide.message}
          aria-label={texts.decide.message}
          value={draft.message}
          onChange={(event) => setDraft({ ...draft, message: event.target.value })}
          maxLength={1_000}
        />
      )}
      {decide.isError && <ProblemCard problem={decide.error} />}
      <div>
        {decide.isPending ? (
          <Button loading>{texts.decide.submit}</Button>
        ) : (
          <ReasonedButton
            reason={why ?? (decision ? null : texts.decide.invalid)}
            onClick={() => decision && decide.mutate(decision)}
          >
            {texts.decide.submit}
          </ReasonedButton>
        )}
      </div>
    </Section>
  );
}
