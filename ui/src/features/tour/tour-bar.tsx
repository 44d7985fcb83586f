import { Button } from '@mantine/core';
import { IconCheck } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { listExecutions } from '@/api/executions';
import { createFlow, executeFlow } from '@/api/flows';
import { healthQuery } from '@/api/health';
import { idempotencyKey } from '@/lib/keys';
import { endTour, keepFlow } from '@/lib/tour';
import { type Progress, progressOf } from './progress';
import { texts } from './texts';
import classes from './tour-bar.module.css';
import { tourFlow } from './tour-flow';

const ASK_EVERY_MS = 1_000;

/** The tour, above the page: which step it is, what it means, and one button for it. It covers nothing. */
export function TourBar({ flow }: { flow: string }) {
  const rows = useQuery({
    queryKey: ['executions', 'tour', flow],
    queryFn: async ({ signal }) => (await listExecutions({ flow_id: flow }, null, signal, 20)).rows,
    enabled: flow !== '',
    refetchInterval: ASK_EVERY_MS,
  });
  const progress = progressOf(flow, rows.data ?? []);
  const step = progress.step === 'done' ? 4 : progress.step;
  const isDone = progress.step === 'done';
  return (
    <section className={classes.bar} aria-label={texts.label}>
      <ol className={classes.steps}>
        {texts.steps.map((name, at) => (
          <li key={name} className={classes.step} aria-current={at + 1 === step ? 'step' : undefined}>
            <span className={classes.number} data-done={at + 1 < step || undefined}>
              {at + 1 < step ? <IconCheck size={13} aria-hidden /> : at + 1}
            </span>
            {name}
          </li>
        ))}
      </ol>
      <p className={classes.detail} role="status">
        {detailOf(progress)}
      </p>
      <div className={classes.actions}>
        <Action flow={flow} progress={progress} />
        <Button size="xs" variant={isDone ? 'filled' : 'subtle'} color={isDone ? undefined : 'gray'} onClick={endTour}>
          {isDone ? texts.finish : texts.skip}
        </Button>
      </div>
    </section>
  );
}

function detailOf(progress: Progress): string {
  switch (progress.step) {
    case 1:
      return texts.create.detail;
    case 2:
      return progress.isRunning ? texts.run.running : texts.run.detail;
    case 3:
      return progress.isRunning ? texts.retry.running : texts.retry.detail;
    case 'done':
      return texts.done.detail;
  }
}

function Action({ flow, progress }: { flow: string; progress: Progress }) {
  const navigate = useNavigate();
  switch (progress.step) {
    case 1:
      return <Create />;
    case 2:
      return progress.isRunning ? null : <Run flow={flow} />;
    case 3:
      return progress.isRunning ? null : (
        <Button
          size="xs"
          onClick={() => void navigate({ to: '/executions/$executionId', params: { executionId: progress.failed } })}
        >
          {texts.retry.action}
        </Button>
      );
    case 'done':
      return (
        <Button
          size="xs"
          variant="default"
          onClick={() => void navigate({ to: '/flows/$flowId', params: { flowId: flow } })}
        >
          {texts.done.next}
        </Button>
      );
  }
}

function Create() {
  const navigate = useNavigate();
  const queries = useQueryClient();
  const { data: health } = useQuery(healthQuery());
  const create = useMutation({
    mutationFn: () => createFlow(tourFlow(health?.is_demo ? `${location.origin}/demo/peer` : null, idempotencyKey())),
    onSuccess: ({ id }) => {
      void queries.invalidateQueries({ queryKey: ['flows'] });
      keepFlow(id);
      void navigate({ to: '/flows/$flowId', params: { flowId: id } });
    },
  });
  return (
    <>
      {create.isError && <span className={classes.fault}>{texts.failed}</span>}
      <Button size="xs" loading={create.isPending} disabled={!health} onClick={() => create.mutate()}>
        {texts.create.action}
      </Button>
    </>
  );
}

function Run({ flow }: { flow: string }) {
  const navigate = useNavigate();
  const run = useMutation({
    mutationFn: () => executeFlow(flow, {}, idempotencyKey()),
    onSuccess: (executionId) => void navigate({ to: '/executions/$executionId', params: { executionId } }),
  });
  return (
    <>
      {run.isError && <span className={classes.fault}>{texts.failed}</span>}
      <Button size="xs" loading={run.isPending} onClick={() => run.mutate()}>
        {texts.run.action}
      </Button>
    </>
  );
}
