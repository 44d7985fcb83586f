import { Button, Group, Modal, Progress, Radio, Stack, Text } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import type { BulkAction, RetryMode } from '@/api/executions';
import { ProblemCard } from '@/components/problem-card';
import { ReasonedButton } from '@/components/reasoned-button';
import { formatNumber } from '@/lib/locale';
import classes from './bulk.module.css';
import { bulkTexts as texts } from './bulk-texts';
import { type Job, NOTHING_YET, plan, run, type Tally, type Which } from './bulk-work';

interface BulkDialogProps {
  action: BulkAction;
  which: Which;
  onClose: () => void;
}

/** Says what would come of changing many executions, does it batch by batch, and sums up. */
export function BulkDialog({ action, which, onClose }: BulkDialogProps) {
  const [mode, setMode] = useState<RetryMode>('from_failed');
  const [tally, setTally] = useState<Tally>(NOTHING_YET);
  const stop = useRef(new AbortController());
  const queries = useQueryClient();
  const job: Job = { action, which, mode };
  const dry = useQuery({
    queryKey: ['executions', 'bulk', action, which, mode],
    queryFn: ({ signal }) => plan(job, signal),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    refetchOnWindowFocus: false,
  });
  const doing = useMutation({
    mutationFn: () => run(job, setTally, stop.current.signal),
    onSettled: () => void queries.invalidateQueries({ queryKey: ['executions', 'list'] }),
  });
  const isOpen = !doing.isSuccess;
  return (
    <Modal
      opened
      onClose={onClose}
      size={520}
      title={<Text fw={620}>{texts.titles[action]}</Text>}
      closeButtonProps={{ 'aria-label': texts.close }}
      closeOnClickOutside={!doing.isPending}
    >
      <Stack gap="md">
        {isOpen && <p className={classes.about}>{texts.about[action]}</p>}
        {isOpen && !doing.isPending && action === 'retry' && <Modes mode={mode} onMode={setMode} />}
        <div aria-live="polite" className={classes.plan}>
          {!doing.isPending && isOpen && <Plan action={action} tally={dry.data} isPending={dry.isPending} />}
          {doing.isPending && <Going tally={tally} all={dry.data?.changed ?? 0} />}
          {doing.isSuccess && <Done action={action} tally={tally} isHalted={stop.current.signal.aborted} />}
        </div>
        {dry.isError && <ProblemCard problem={dry.error} onRetry={() => void dry.refetch()} />}
        {doing.isError && <ProblemCard problem={doing.error} />}
        <Group justify="flex-end" gap="xs">
          {doing.isPending && (
            <Button variant="default" onClick={() => stop.current.abort()}>
              {texts.stop}
            </Button>
          )}
          {!doing.isPending && (
            <Button variant="default" onClick={onClose}>
              {doing.isSuccess ? texts.close : texts.back}
            </Button>
          )}
          {isOpen && (
            <ReasonedButton
              reason={dry.data?.changed === 0 ? texts.none : null}
              color={action === 'cancel' ? 'red' : undefined}
              loading={dry.isPending || doing.isPending}
              disabled={dry.isError}
              onClick={() => doing.mutate()}
            >
              {dry.data?.changed ? texts.run[action](dry.data.changed) : texts.actions[action]}
            </ReasonedButton>
          )}
        </Group>
      </Stack>
    </Modal>
  );
}

function Modes({ mode, onMode }: { mode: RetryMode; onMode: (mode: RetryMode) => void }) {
  return (
    <Radio.Group aria-label={texts.modes} value={mode} onChange={(value) => onMode(value as RetryMode)}>
      <div className={classes.choices}>
        <Radio value="from_failed" label={texts.fromFailed} description={texts.fromFailedDetail} />
        <Radio value="from_start" label={texts.fromStart} description={texts.fromStartDetail} />
      </div>
    </Radio.Group>
  );
}

function Plan({ action, tally, isPending }: { action: BulkAction; tally: Tally | undefined; isPending: boolean }) {
  if (!tally) return isPending ? <p>{texts.counting}</p> : null;
  return (
    <>
      <p className={classes.strong}>{tally.changed > 0 ? texts.would[action](tally.changed) : texts.none}</p>
      {tally.hasMore && <p>{texts.atLeast}</p>}
      <Skipped tally={tally} />
    </>
  );
}

function Going({ tally, all }: { tally: Tally; all: number }) {
  const total = Math.max(all, tally.looked, 1);
  return (
    <>
      <p className={classes.strong}>{texts.going(tally.looked, total)}</p>
      <Progress value={(100 * tally.looked) / total} aria-label={texts.progress} />
    </>
  );
}

function Done({ action, tally, isHalted }: { action: BulkAction; tally: Tally; isHalted: boolean }) {
  return (
    <>
      <p className={classes.strong}>{texts.done[action](tally.changed)}</p>
      {(isHalted || tally.stopped) && <p>{tally.stopped ?? texts.halted}</p>}
      <Skipped tally={tally} />
    </>
  );
}

/** How many are skipped, and why. */
function Skipped({ tally }: { tally: Tally }) {
  if (tally.skipped === 0) return null;
  return (
    <>
      <p>{texts.skipped(tally.skipped)}</p>
      <ul className={classes.reasons}>
        {tally.reasons.map(({ reason, count, detail }) => (
          <li key={reason}>
            {formatNumber(count)} × {detail}
          </li>
        ))}
      </ul>
    </>
  );
}
