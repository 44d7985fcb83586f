import { IconMapQuestion } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { flowQuery } from '@/api/flows';
import { toProblem } from '@/api/problem';
import type { Flow } from '@/api/types';
import { InFolder } from '@/api/use-may';
import { texts as common } from '@/lib/texts';
import { EmptyState } from './empty-state';
import { ProblemCard } from './problem-card';
import { BlockSkeleton } from './skeletons';

interface StandaloneFlowProps {
  flowId: string;
  /** What the page is called, and what it says where there is no such flow. */
  texts: { label: string; goneTitle: string; goneDetail: string };
  children: (flow: Flow) => ReactNode;
}

/** The content of a page of one flow without navigation: once the flow is loaded, or else why it cannot be shown. */
export function StandaloneFlow({ flowId, texts, children }: StandaloneFlowProps) {
  const flow = useQuery(flowQuery(flowId));
  if (flow.data) return <InFolder value={flow.data.folder}>{children(flow.data)}</InFolder>;
  if (flow.isPending) return <BlockSkeleton height={280} />;
  const { status } = toProblem(flow.error);
  return (
    <>
      <title>{`${texts.label} · ${common.product}`}</title>
      <h1 className="visually-hidden">{texts.label}</h1>
      {status === 404 || status === 400 ? (
        <EmptyState icon={IconMapQuestion} title={texts.goneTitle} detail={texts.goneDetail} />
      ) : (
        <ProblemCard problem={flow.error} onRetry={() => void flow.refetch()} />
      )}
    </>
  );
}
