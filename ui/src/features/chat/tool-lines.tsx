import { IconTool } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { getConversation } from '@/api/executions';
import type { ConversationStep } from '@/api/types';
import { visible } from '@/lib/json-text';
import { sharedJson } from '@/lib/shared-json';
import classes from './chat.module.css';
import { texts } from './texts';

interface CallsOf {
  executionId: string;
  nodeId: string;
  /** What the calls depend on: they are fetched again when it changes. */
  state: string;
  /** Whether more calls may follow. */
  isOpen: boolean;
  /** Whether they are asked for at all. */
  isAsked: boolean;
}

const POLL_MS = 1_000;

/** The calls of tools for an answer; none until they are known. */
export function useCalls({ executionId, nodeId, state, isOpen, isAsked }: CallsOf): readonly ConversationStep[] {
  const { data } = useQuery({
    queryKey: ['executions', 'chat', 'calls', executionId, nodeId, state],
    queryFn: ({ signal }) => getConversation(executionId, nodeId, signal),
    structuralSharing: sharedJson as never,
    placeholderData: (before) => before,
    refetchInterval: isOpen && POLL_MS,
    retry: false,
    enabled: isAsked,
  });
  return (data?.steps ?? []).filter(({ tool }) => typeof tool === 'string');
}

/** Returns whether a call waits until a person has decided on it. */
export function waitsForPerson({ status, approval }: ConversationStep): boolean {
  return status === 'waiting' && !!approval && !approval.decided;
}

interface ToolLinesProps {
  calls: readonly ConversationStep[];
  executionId: string;
  nodeId: string;
}

/** The tools that were called for an answer, a line for each. */
export function ToolLines({ calls, executionId, nodeId }: ToolLinesProps) {
  const to = { to: '/executions/$executionId', params: { executionId }, search: { node: nodeId } } as const;
  return calls.map((step) => (
    <p key={step.number} className={classes.line} data-tone={waitsForPerson(step) ? 'attention' : 'neutral'}>
      <IconTool size={14} aria-hidden />
      <Link {...to} className={classes.link}>
        {visible(sayingOf(step))}
      </Link>
      {waitsForPerson(step) && (
        <Link {...to} className={classes.link}>
          {texts.decide}
        </Link>
      )}
    </p>
  ));
}

function sayingOf(step: ConversationStep): string {
  const { tool, status, approval } = step;
  const name = tool ?? '';
  if (waitsForPerson(step)) return texts.waitsForPersonTo(name);
  if (status === 'waiting') return texts.calling(name);
  if (approval?.decided && approval.decided.decision !== 'approved') return texts.callRefused(name);
  if (status === 'running') return texts.calling(name);
  return status === 'failed' ? texts.callFailed(name) : texts.called(name);
}
