import type { ReactNode } from 'react';
import type { NodeExecution } from '@/api/types';
import { Duration } from '@/components/duration';
import { usageText } from '@/components/usage-text';
import { formatMoment, millis } from '@/lib/time';
import classes from './node-panel.module.css';
import { texts } from './texts';

/** When and how long a node ran, with which skill, and its token usage. */
export function NodeTiming({ node }: { node: NodeExecution }) {
  const started = millis(node.started_at);
  const ended = millis(node.completed_at);
  const usage = usageText(node.usage);
  const { timing } = texts.node;
  return (
    <dl className={classes.timing}>
      {started !== null && <Line label={timing.started}>{formatMoment(started)}</Line>}
      {ended !== null && <Line label={timing.ended}>{formatMoment(ended)}</Line>}
      {started !== null && (
        <Line label={timing.took}>
          <Duration startedAt={node.started_at} endedAt={node.completed_at} ms={node.duration_ms} />
        </Line>
      )}
      {node.skill_used && <Line label={timing.skill}>{node.skill_used}</Line>}
      {usage && <Line label={timing.usage}>{usage}</Line>}
      <Line label={timing.id}>
        <span className={classes.mono}>{node.node_id}</span>
      </Line>
    </dl>
  );
}

function Line({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div className={classes.timingLine}>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}
