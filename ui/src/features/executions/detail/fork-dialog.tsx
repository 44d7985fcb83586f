import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { IconGitFork } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useRef, useState } from 'react';
import { type ForkBody, type ForkVersion, forkExecution } from '@/api/executions';
import { flowQuery } from '@/api/flows';
import type { Execution, NodeExecution } from '@/api/types';
import { ProblemCard } from '@/components/problem-card';
import { ReasonedButton } from '@/components/reasoned-button';
import { writeJson } from '@/lib/json';
import { idempotencyKey } from '@/lib/keys';
import { texts as common } from '@/lib/texts';
import classes from './fork.module.css';
import { ForkData } from './fork-data';
import { type Edits, placesOf, planWith, toBody } from './fork-draft';
import { texts } from './fork-texts';
import { ForkVersions } from './fork-versions';
import { executionQuery, forkPlanQuery } from './queries';
import { RetryPlanList } from './retry-plan-list';

interface ForkDialogProps {
  execution: Execution;
  node: NodeExecution;
  onClose: () => void;
}

/** Forks an execution from a node: the version, the data and what changes, what will run, and then over to the new one. */
export function ForkDialog({ execution, node, onClose }: ForkDialogProps) {
  const [version, setVersion] = useState<ForkVersion>('same');
  const [edits, setEdits] = useState<Edits>(new Map());
  const flow = useQuery(flowQuery(execution.flow_id));
  const plan = useQuery(forkPlanQuery(execution.id, node.node_id, version));
  const fork = useFork(execution.id, onClose);
  const planned = plan.data && planWith(plan.data, node.node_id, edits);
  const body = toBody(node.node_id, version, edits);
  const names = new Map(execution.node_executions.map(({ node_id, node_name }) => [node_id, node_name]));
  const nameOf = (id: string) => names.get(id) ?? id;
  return (
    <Modal
      opened
      onClose={onClose}
      title={<Text fw={620}>{texts.title(node.node_name)}</Text>}
      size={680}
      closeButtonProps={{ 'aria-label': common.actions.close }}
    >
      <Stack gap="md">
        <Text size="sm" c="var(--ink-soft)">
          {texts.intro}
        </Text>
        {flow.data && flow.data.version !== execution.flow_version && (
          <ForkVersions execution={execution} current={flow.data} version={version} onVersion={setVersion} />
        )}
        {plan.data && (
          <ForkData
            execution={execution}
            places={placesOf(execution, node.node_id, plan.data)}
            own={node.node_id}
            nameOf={nameOf}
            edits={edits}
            onEdits={setEdits}
          />
        )}
        {planned && planned.differing.length > 0 && (
          <p className={classes.differing}>{texts.differing(planned.differing.map(nameOf).join(', '))}</p>
        )}
        {plan.isError ? (
          <ProblemCard problem={plan.error} onRetry={() => void plan.refetch()} />
        ) : (
          <RetryPlanList
            label={texts.plan}
            plan={planned ? { ...planned, children: [] } : null}
            nodes={execution.node_executions}
          />
        )}
        {fork.isError && <ProblemCard problem={fork.error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {common.actions.cancel}
          </Button>
          {fork.isPending ? (
            <Button loading>{texts.submit}</Button>
          ) : (
            <ReasonedButton
              leftSection={<IconGitFork size={14} aria-hidden />}
              reason={reasonAgainst(body, planned)}
              onClick={() => body && fork.mutate(body)}
            >
              {texts.submit}
            </ReasonedButton>
          )}
        </Group>
      </Stack>
    </Modal>
  );
}

/** Says why it cannot be started yet. */
function reasonAgainst(body: ForkBody | null, planned: ReturnType<typeof planWith> | undefined): string | null {
  if (!planned) return texts.loading;
  if (!body) return texts.invalid;
  return planned.differing.length > 0 ? texts.needsOutputs : null;
}

/** Forks, and goes over to the new execution. However often the same is pressed, one comes of it. */
function useFork(id: string, onDone: () => void) {
  const sent = useRef({ text: '', key: '' });
  const navigate = useNavigate();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (body: ForkBody) => {
      const text = writeJson(body);
      if (sent.current.text !== text) sent.current = { text, key: idempotencyKey() };
      return forkExecution(id, body, sent.current.key);
    },
    onSuccess: (executionId) => {
      queries.setQueryData(
        executionQuery(id).queryKey,
        (old) => old && { ...old, forks: [...new Set([...old.forks, executionId])] },
      );
      void queries.invalidateQueries({ queryKey: ['executions'], refetchType: 'none' });
      onDone();
      void navigate({ to: '/executions/$executionId', params: { executionId } });
    },
  });
}
