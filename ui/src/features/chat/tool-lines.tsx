import { IconTool } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { getConversation } from '@/api/executions';
import type { ConversationStep } from '@/api/types';
import { visible } from '@/lib/json-text';
import { sharedJson } from '@/lib/shared-json';
import classes from './chat.module.css';
import { texts } from './texts';

interface ToolLinesProps {
  executionId: string;
  nodeId: string;
  /** What the calls depend on: they are fetched again when it changes. */
  state: string;
  /** Whether more calls may follow. */
  isOpen: boolean;
}

const POLL_MS = 1_000;

/** The tools that were called for an answer, a line for each. */
export function ToolLines({ executionId, nodeId, state, isOpen }: ToolLinesProps) {
  const { data } = useQuery({
    queryKey: ['executions', 'chat', 'calls', executionId, nodeId, state],
    queryFn: ({ signal }) => getConversation(executionId, nodeId, signal),
    structuralSharing: sharedJson as never,
    placeholderData: (before) => before,
    refetchInterval: isOpen && POLL_MS,
    retry: false,
  });
  const calls = (data?.steps ?? []).filter(({ tool }) => typeof tool === 'string');
  return calls.map((step) => (
    <p key={step.number} className={classes.line}>
      <IconTool size={14} aria-hidden />
      <Link to="/executions/$executionId" params={{ executionId }} search={{ node: nodeId }} className={classes.link}>
        {visible(sayingOf(step))}
      </Link>
    </p>
  ));
}

function sayingOf({ tool, status, approval }: ConversationStep): string {
  const name = tool ?? '';
  if (status === 'waiting') return approval && !approval.decided ? texts.waitsForPersonTo(name) : texts.calling(name);
  if (approval?.decided && approval.decided.decision !== 'approved') return texts.callRefused(name);
  if (status === 'running') return texts.calling(name);
  return status === 'failed' ? texts.callFailed(name) : texts.called(name);
}
