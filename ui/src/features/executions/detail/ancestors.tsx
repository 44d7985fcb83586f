import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { Execution } from '@/api/types';
import { childNameOf } from './children';
import classes from './detail.module.css';
import { executionQuery } from './queries';
import { texts } from './texts';

/** The executions above one and the nodes that started them, from the outermost on: `Flow / Each order / Item 7 / …`. */
export function Ancestors({ child }: { child: Execution }) {
  const parent = useQuery({ ...executionQuery(child.parent_id ?? ''), enabled: Boolean(child.parent_id) });
  if (!child.parent_id) return null;
  const node = parent.data?.node_executions.find((one) => one.node_id === child.parent_node_id);
  const link = { to: '/executions/$executionId', params: { executionId: child.parent_id } } as const;
  return (
    <>
      {parent.data && <Ancestors child={parent.data} />}
      <Link {...link} className={classes.crumb} title={texts.children.openParent}>
        {parent.data ? parent.data.runs_body ? <ChildName child={parent.data} /> : parent.data.flow_name : '…'}
      </Link>
      <Slash />
      <Link {...link} search={{ node: child.parent_node_id ?? undefined }} className={classes.crumb}>
        {node?.node_name ?? child.parent_node_id}
      </Link>
      <Slash />
    </>
  );
}

/** The item or the iteration that an execution runs for. */
export function ChildName({ child }: { child: Execution }) {
  const parent = useQuery({ ...executionQuery(child.parent_id ?? ''), enabled: Boolean(child.parent_id) });
  const node = parent.data?.node_executions.find((one) => one.node_id === child.parent_node_id);
  return childNameOf(node?.node_type ?? 'map', child);
}

export function Slash() {
  return (
    <span className={classes.slash} aria-hidden>
      /
    </span>
  );
}
