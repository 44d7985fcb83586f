import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { approvalsWaitingQuery } from '@/api/approvals';
import { listExecutions, waitingQuery } from '@/api/executions';
import { notify } from '@/lib/notify';
import { forgetStarted, startedHere } from '@/lib/started';
import { texts } from '@/lib/texts';

const FAILED_MS = 20_000;

/** Notifies of what waits for a person, and of failures of runs that were started in this browser. It shows nothing itself. */
export function Notifier() {
  const navigate = useNavigate();
  const decisions = useQuery(waitingQuery()).data?.count;
  const approvals = useQuery(approvalsWaitingQuery()).data?.count;
  useNews('waiting', decisions, texts.notify.decisions, () => {
    void navigate({ to: '/executions', search: { waiting: true } });
  });
  useNews('approvals', approvals, texts.notify.approvals, () => void navigate({ to: '/approvals', search: {} }));
  useFailures((id) => void navigate({ to: '/executions/$executionId', params: { executionId: id } }));
  return null;
}

/** Notifies when more wait than before. What waits already when the page opens is no news. */
function useNews(about: string, count: number | undefined, text: (count: number) => string, onClick: () => void) {
  const before = useRef(count);
  useEffect(() => {
    if (count !== undefined && before.current !== undefined && count > before.current)
      notify(about, text(count), onClick);
    before.current = count;
  });
}

/** Notifies of failures of runs that were started here, of all since the last look at once. */
function useFailures(open: (id: string) => void) {
  const { data } = useQuery({
    queryKey: ['executions', 'failed-here'],
    queryFn: async ({ signal }) => {
      if (startedHere().length === 0) return [];
      return (await listExecutions({ status: ['failed'] }, null, signal)).rows;
    },
    refetchInterval: FAILED_MS,
    refetchIntervalInBackground: true,
  });
  useEffect(() => {
    const started = new Set(startedHere());
    const failed = (data ?? []).filter(({ id }) => started.has(id));
    const [newest] = failed;
    if (!newest || !document.hidden) return;
    forgetStarted(failed.map(({ id }) => id));
    const name = newest.flow_name ?? '';
    notify('failed', failed.length === 1 ? texts.notify.failed(name) : texts.notify.failures(failed.length), () =>
      open(newest.id),
    );
  }, [data, open]);
}
