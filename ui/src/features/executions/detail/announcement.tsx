import { useRef } from 'react';
import type { Execution } from '@/api/types';
import { isFinished, STATUS_LOOKS } from '@/components/status';
import { statusOf } from './execution-status';

/** Tells screen readers that an execution has ended or was paused while its page is open. What it waits for is said by a note. */
export function Announcement({ execution }: { execution: Execution }) {
  const first = useRef(execution.status);
  const status = statusOf(execution);
  const isNews = execution.status !== first.current && (isFinished(execution.status) || status === 'paused');
  return (
    <p className="visually-hidden" role="status">
      {isNews && `${execution.flow_name}: ${STATUS_LOOKS[status].label}`}
    </p>
  );
}
