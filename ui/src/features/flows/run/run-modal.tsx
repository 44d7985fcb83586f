import { Modal } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { flowQuery } from '@/api/flows';
import type { Flow } from '@/api/types';
import { ProblemCard } from '@/components/problem-card';
import { BlockSkeleton } from '@/components/skeletons';
import { lastExecutionQuery } from './queries';
import classes from './run.module.css';
import { RunForm } from './run-form';
import { texts } from './texts';

interface RunModalProps {
  flow: Flow;
  opened: boolean;
  onClose: () => void;
}

/** Asks for the input of a flow, runs it, and opens the new execution. */
export function RunModal({ flow, opened, onClose }: RunModalProps) {
  const narrow = useMediaQuery('(max-width: 720px)') ?? false;
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      size={560}
      fullScreen={narrow}
      title={
        <span className={classes.title}>
          {texts.title} <span className={classes.subject}>{flow.name}</span>
        </span>
      }
      closeButtonProps={{ 'aria-label': texts.close }}
      classNames={{ body: classes.body, content: classes.content, header: classes.header }}
    >
      <LoadedForm flowId={flow.id} onClose={onClose} />
    </Modal>
  );
}

/** The form, once the server has said what the flow asks for and what the last run was given. */
function LoadedForm({ flowId, onClose }: { flowId: string; onClose: () => void }) {
  const flow = useQuery(flowQuery(flowId));
  const last = useQuery(lastExecutionQuery(flowId));
  const failed = [flow, last].find((query) => query.isError);
  if (failed?.error) {
    return <ProblemCard problem={failed.error} onRetry={() => void failed.refetch()} />;
  }
  if (!flow.data?.trigger_input || last.data === undefined) return <BlockSkeleton height={220} />;
  return <RunForm flow={flow.data} last={last.data} onClose={onClose} />;
}
