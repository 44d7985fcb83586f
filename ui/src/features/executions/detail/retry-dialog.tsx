import { Button, Group, Modal, Radio, Stack, Text } from '@mantine/core';
import { IconRefresh } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useRef, useState } from 'react';
import { type ForkVersion, type RetryBody, type RetryMode, retryExecution } from '@/api/executions';
import { flowQuery } from '@/api/flows';
import type { Execution } from '@/api/types';
import { ProblemCard } from '@/components/problem-card';
import { ReasonedButton } from '@/components/reasoned-button';
import { writeJson } from '@/lib/json';
import { idempotencyKey } from '@/lib/keys';
import { texts as common } from '@/lib/texts';
import { advisedMode } from './advised-mode';
import { ForkData } from './fork-data';
import type { Edits } from './fork-draft';
import { ForkVersions } from './fork-versions';
import { executionQuery, retryPlanQuery } from './queries';
import classes from './retry-dialog.module.css';
import { retryBody, retryPlaces, versionOf } from './retry-draft';
import { RetryPlanList } from './retry-plan-list';
import { texts } from './texts';

interface RetryDialogProps {
  execution: Execution;
  onClose: () => void;
}

const CHOICES: readonly { mode: RetryMode; label: string; detail: string }[] = [
  { mode: 'from_failed', label: texts.retry.fromFailed, detail: texts.retry.fromFailedDetail },
  { mode: 'from_start', label: texts.retry.fromStart, detail: texts.retry.fromStartDetail },
];

/** Retries an execution: where to begin, on which version, with which data, and then over to the new one. */
export function RetryDialog({ execution, onClose }: RetryDialogProps) {
  const { retried_by: before } = execution;
  const [mode, setMode] = useState<RetryMode>(() => advisedMode(execution));
  const [chosen, setChosen] = useState<ForkVersion | null>(null);
  const [edits, setEdits] = useState<Edits>(new Map());
  const version = chosen ?? versionOf(mode);
  const flow = useQuery(flowQuery(execution.flow_id));
  const plan = useQuery(retryPlanQuery(execution.id, mode, version));
  const retry = useRetry(execution.id, onClose);
  const places = retryPlaces(execution, plan.data);
  const body = retryBody(mode, version, edits, places);
  const names = new Map(execution.node_executions.map(({ node_id, node_name }) => [node_id, node_name]));
  return (
    <Modal
      opened
      onClose={onClose}
      title={<Text fw={620}>{texts.retry.title}</Text>}
      size={600}
      closeButtonProps={{ 'aria-label': common.actions.close }}
    >
      <Stack gap="md">
        <Text size="sm" c="var(--ink-soft)">
          {texts.retry.intro}
          {before.length > 0 && ` ${texts.retry.again(before.length)}`}
        </Text>
        <Radio.Group value={mode} onChange={(value) => setMode(value as RetryMode)} aria-label={texts.retry.modes}>
          <div className={classes.choices}>
            {CHOICES.map((choice) => (
              <Radio.Card key={choice.mode} value={choice.mode} className={classes.choice}>
                <Radio.Indicator size="xs" />
                <span>
                  <span className={classes.label}>{choice.label}</span>
                  <span className={classes.detail}>{choice.detail}</span>
                </span>
              </Radio.Card>
            ))}
          </div>
        </Radio.Group>
        {flow.data && flow.data.version !== execution.flow_version && (
          <ForkVersions execution={execution} current={flow.data} version={version} onVersion={setChosen} />
        )}
        <ForkData
          execution={execution}
          places={places}
          own=""
          nameOf={(id) => names.get(id) ?? id}
          edits={new Map([...edits].filter(([place]) => places.includes(place)))}
          onEdits={setEdits}
        />
        {plan.isError ? (
          <ProblemCard problem={plan.error} onRetry={() => void plan.refetch()} />
        ) : (
          <RetryPlanList plan={plan.data ?? null} nodes={execution.node_executions} />
        )}
        {retry.isError && <ProblemCard problem={retry.error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {common.actions.cancel}
          </Button>
          <ReasonedButton
            data-autofocus
            reason={body ? null : texts.retry.invalid}
            loading={retry.isPending}
            leftSection={<IconRefresh size={14} aria-hidden />}
            onClick={() => body && retry.mutate(body)}
          >
            {texts.retry.submit}
          </ReasonedButton>
        </Group>
      </Stack>
    </Modal>
  );
}

/** Retries, and goes over to the new execution. However often the same is pressed, one comes of it. */
function useRetry(id: string, onDone: () => void) {
  const sent = useRef({ text: '', key: '' });
  const navigate = useNavigate();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (body: RetryBody) => {
      const text = writeJson(body);
      if (sent.current.text !== text) sent.current = { text, key: idempotencyKey() };
      return retryExecution(id, body, sent.current.key);
    },
    onSuccess: (executionId) => {
      queries.setQueryData(
        executionQuery(id).queryKey,
        (old) => old && { ...old, retried_by: [...new Set([...old.retried_by, executionId])] },
      );
      // Nothing is fetched again until it is shown again: this page is about to close.
      void queries.invalidateQueries({ queryKey: ['executions'], refetchType: 'none' });
      onDone();
      void navigate({ to: '/executions/$executionId', params: { executionId } });
    },
  });
}
