import { IconArrowForwardUp, IconPlayerPlay } from '@tabler/icons-react';
import type { RetryPlan } from '@/api/executions';
import type { NodeExecution } from '@/api/types';
import classes from './retry-dialog.module.css';
import { texts } from './texts';

interface RetryPlanListProps {
  /** What it is called; the plan of a retry unless given. */
  label?: string;
  /** `null` while it is loading. */
  plan: Pick<RetryPlan, 'run' | 'reuse' | 'children'> | null;
  nodes: readonly NodeExecution[];
}

/** Further nodes are counted, not listed. */
const NAMED_MAX = 60;

/** Every node of the flow, and whether it will run or its output is reused. */
export function RetryPlanList({ label = texts.retry.plan, plan, nodes }: RetryPlanListProps) {
  const names = new Map(nodes.map((node) => [node.node_id, node.node_name]));
  const asking = new Set(nodes.filter((node) => node.node_type === 'approval').map((node) => node.node_id));
  const reuse = new Set(plan?.reuse);
  // In the order of the flow; a newer version may have other nodes.
  const ids = plan ? [...new Set([...nodes.map((node) => node.node_id), ...plan.run])].filter(isPlanned(plan)) : [];
  return (
    <section aria-label={label} aria-busy={!plan}>
      <div className={classes.planHead}>
        <h3 className={classes.planTitle}>{label}</h3>
        <span>{plan ? texts.retry.counts(plan.run.length, plan.reuse.length) : texts.retry.planning}</span>
      </div>
      <ul className={classes.plan}>
        {ids.slice(0, NAMED_MAX).map((id) => {
          const isReused = reuse.has(id);
          const children = plan?.children.find((child) => child.node_id === id);
          const asks = asking.has(id) ? texts.retry.asks : texts.retry.runs;
          const runs = children ? texts.retry.continues(children.completed, children.unfinished) : asks;
          const Icon = isReused ? IconArrowForwardUp : IconPlayerPlay;
          return (
            <li key={id} className={classes.node} data-tone={isReused ? 'muted' : 'info'}>
              <Icon size={13} aria-hidden className={classes.icon} />
              <span className={classes.name}>{names.get(id) ?? id}</span>
              <span className={classes.fate}>{isReused ? texts.retry.reuses : runs}</span>
            </li>
          );
        })}
        {ids.length > NAMED_MAX && <li className={classes.node}>{texts.retry.more(ids.length - NAMED_MAX)}</li>}
      </ul>
    </section>
  );
}

function isPlanned(plan: Pick<RetryPlan, 'run' | 'reuse'>): (id: string) => boolean {
  const planned = new Set([...plan.run, ...plan.reuse]);
  return (id) => planned.has(id);
}
