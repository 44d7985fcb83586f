import { ActionIcon } from '@mantine/core';
import { IconChevronLeft, IconChevronRight } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { ChildPage } from '@/api/executions';
import type { ChildCounts, Execution, ExecutionStatus, NodeExecution } from '@/api/types';
import { FilterChip } from '@/components/filter-chip';
import { ProblemCard } from '@/components/problem-card';
import { RowsSkeleton } from '@/components/skeletons';
import { isFinished, STATUS_LOOKS } from '@/components/status';
import { formatNumber } from '@/lib/locale';
import { ChildRow } from './child-row';
import { childNameOf, summaryOf } from './children';
import classes from './children.module.css';
import { childrenQuery } from './queries';
import { Section } from './section';
import { texts } from './texts';

interface ChildrenSectionProps {
  execution: Execution;
  node: NodeExecution;
  counts: ChildCounts;
  status: ExecutionStatus | undefined;
  onStatus: (status: ExecutionStatus | undefined) => void;
}

/** The statuses that children are filtered by, each with its count. */
const STATUSES = ['completed', 'failed', 'running', 'cancelled'] as const;

/** The executions that a node started: how many ended how, and a page of them. */
export function ChildrenSection({ execution, node, counts, status, onStatus }: ChildrenSectionProps) {
  // Where each page before this one began.
  const [earlier, setEarlier] = useState<readonly (string | null)[]>([]);
  const [cursor, setCursor] = useState<string | null>(null);
  const page = useQuery(childrenQuery(execution.id, node.node_id, status, cursor, !isFinished(node.status)));
  const filter = (next: ExecutionStatus) => {
    setEarlier([]);
    setCursor(null);
    onStatus(next === status ? undefined : next);
  };
  const turn = (next: string | null) => {
    setEarlier([...earlier, cursor]);
    setCursor(next);
  };
  const turnBack = () => {
    setCursor(earlier.at(-1) ?? null);
    setEarlier(earlier.slice(0, -1));
  };
  return (
    <Section title={texts.children.title(node.node_type)} aside={summaryOf(counts)}>
      <Progress counts={counts} />
      <div className={classes.chips} role="group" aria-label={texts.children.filter}>
        {STATUSES.filter((name) => counts[name] > 0 || name === status).map((name) => (
          <FilterChip
            key={name}
            label={STATUS_LOOKS[name].label}
            tone={STATUS_LOOKS[name].tone}
            icon={STATUS_LOOKS[name].icon}
            count={formatNumber(counts[name])}
            pressed={name === status}
            onToggle={() => filter(name)}
          />
        ))}
        {counts.reused > 0 && execution.retry_of && (
          <Link
            to="/executions/$executionId"
            params={{ executionId: execution.retry_of }}
            search={{ node: node.node_id }}
            className={classes.reused}
            title={texts.children.reusedHint}
          >
            {texts.children.reused(counts.reused)}
          </Link>
        )}
      </div>
      {page.isPending && <RowsSkeleton rows={4} />}
      {page.isError && !page.data && <ProblemCard problem={page.error} onRetry={() => void page.refetch()} />}
      {page.data && (
        <>
          <ol className={classes.list} aria-label={texts.children.title(node.node_type)}>
            {page.data.rows.map((row) => (
              <ChildRow key={row.id} row={row} name={childNameOf(node.node_type, row)} />
            ))}
          </ol>
          {page.data.rows.length === 0 && counts.total > 0 && <p className={classes.none}>{texts.children.none}</p>}
          <Pages page={page.data} number={earlier.length} onNext={() => turn(page.data.next)} onPrevious={turnBack} />
        </>
      )}
    </Section>
  );
}

/** How many ended how, as a bar; what has not been started yet is left empty. */
function Progress({ counts }: { counts: ChildCounts }) {
  const all = Math.max(counts.total + counts.reused, counts.items ?? 0, 1);
  return (
    <div className={classes.progress} role="img" aria-label={summaryOf(counts)}>
      {counts.reused > 0 && <span data-tone="muted" style={{ width: `${(counts.reused / all) * 100}%` }} />}
      {STATUSES.filter((name) => counts[name] > 0).map((name) => (
        <span key={name} data-tone={STATUS_LOOKS[name].tone} style={{ width: `${(counts[name] / all) * 100}%` }} />
      ))}
    </div>
  );
}

interface PagesProps {
  page: ChildPage;
  /** How many pages are before this one. */
  number: number;
  onNext: () => void;
  onPrevious: () => void;
}

const PAGE_ROWS = 50;

function Pages({ page, number, onNext, onPrevious }: PagesProps) {
  if (number === 0 && !page.next) return null;
  const first = number * PAGE_ROWS + 1;
  return (
    <div className={classes.pages}>
      <ActionIcon size={26} aria-label={texts.children.previous} disabled={number === 0} onClick={onPrevious}>
        <IconChevronLeft size={15} aria-hidden />
      </ActionIcon>
      <span className="tabular">{texts.children.range(first, first + page.rows.length - 1, page.total)}</span>
      <ActionIcon size={26} aria-label={texts.children.next} disabled={!page.next} onClick={onNext}>
        <IconChevronRight size={15} aria-hidden />
      </ActionIcon>
    </div>
  );
}
