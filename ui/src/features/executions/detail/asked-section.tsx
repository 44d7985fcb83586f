import { useQuery } from '@tanstack/react-query';
import { approvalQuery } from '@/api/approvals';
import type { Execution, JournalEvent, NodeExecution } from '@/api/types';
import { AskedValues } from '@/components/asked-values';
import { decidedText } from '@/components/decided-text';
import { ProblemCard } from '@/components/problem-card';
import { RequestForm } from '@/components/request-form';
import { isRecord } from '@/lib/json';
import { own } from '@/lib/own';
import { lastAsked } from './asked';
import classes from './node-panel.module.css';
import { Section } from './section';
import { texts } from './texts';

interface AskedSectionProps {
  execution: Execution;
  node: NodeExecution;
  journal: readonly JournalEvent[];
}

/** What an approval node asks: to be decided here, or who decided what, when and why. */
export function AskedSection({ execution, node, journal }: AskedSectionProps) {
  const id = lastAsked(execution.id, node.node_id, journal);
  const asked = useQuery({ ...approvalQuery(id ?? '', node.status), enabled: id !== null });
  if (asked.isError) return <ProblemCard problem={asked.error} onRetry={() => void asked.refetch()} />;
  if (!asked.data) return null;
  const approval = asked.data;
  const { output_data: output } = node;
  const form = isRecord(output) ? own(output, 'form') : null;
  return (
    <Section title={texts.asked.title}>
      <AskedValues value={approval.arguments} fileName={`${node.node_id}-input.json`} />
      {approval.is_open ? (
        <RequestForm key={approval.id} request={approval} label={texts.asked.decideOn(node.node_name)} />
      ) : (
        <p className={classes.question}>{approval.decided ? decidedText(approval.decided) : texts.asked.ended}</p>
      )}
      {isRecord(form) && <AskedValues value={form} fileName={`${node.node_id}-form.json`} />}
    </Section>
  );
}
