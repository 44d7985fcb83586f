import { IconFolder, IconTemplate } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { memo } from 'react';
import type { Flow } from '@/api/types';
import { InFolder } from '@/api/use-may';
import { DraftMark } from '@/components/draft-mark';
import { FlowStatus } from '@/components/flow-status';
import { RelativeTime } from '@/components/relative-time';
import classes from './flow-card.module.css';
import { FlowMenu } from './flow-menu';
import { NextStart } from './next-start';
import { Reliability } from './reliability';
import { RunButton } from './run-button';
import { Sparkline } from './sparkline';
import { SuccessRate } from './success-rate';
import { texts } from './texts';
import type { FlowCommand } from './use-flow-commands';
import { useRecent } from './use-recent';

interface FlowCardProps {
  flow: Flow;
  isLive: boolean;
  /** The folder that is shown. */
  folder: string | undefined;
  onCommand: (command: FlowCommand, flow: Flow) => void;
}

/** One flow: name, status, reliability settings and recent executions. */
export const FlowCard = memo(function FlowCard({ flow, isLive, folder, onCommand }: FlowCardProps) {
  const { ref, recent, week, isWeekKnown } = useRecent(flow.id, isLive);
  const last = recent.data?.[0];
  return (
    <InFolder value={flow.folder}>
      <li ref={ref} className={classes.card} data-archived={flow.status === 'archived' || undefined}>
        <div className={classes.head}>
          <h2 className={classes.name} title={flow.name}>
            <Link to="/flows/$flowId" params={{ flowId: flow.id }} className={classes.link} data-flow>
              {flow.name}
            </Link>
          </h2>
          <FlowStatus status={flow.status} />
          <FlowMenu flow={flow} onCommand={onCommand} />
        </div>
        <p className={classes.detail}>{flow.description || texts.card.nodes(flow.flow_definition.nodes.length)}</p>
        <div className={classes.marks}>
          <DraftMark flow={flow} />
          <NextStart flow={flow} />
          <Reliability flow={flow} />
          {flow.folder !== null && flow.folder !== folder && (
            <span className={classes.tag}>
              <IconFolder size={13} aria-hidden />
              {flow.folder}
            </span>
          )}
          {flow.is_template && (
            <span className={classes.tag} data-tone="info">
              <IconTemplate size={13} aria-hidden />
              {texts.card.template}
            </span>
          )}
          {[...(flow.category ? [flow.category] : []), ...flow.tags].map((tag) => (
            <span key={tag} className={classes.tag}>
              {tag}
            </span>
          ))}
        </div>
        <div className={classes.doing}>
          <Sparkline flow={flow} recent={recent} />
          <SuccessRate week={week} isKnown={isWeekKnown} />
        </div>
        <div className={classes.foot}>
          <span className={classes.last}>
            {last ? (
              <>
                {texts.card.ran} <RelativeTime time={last.started_at ?? last.created_at} />
              </>
            ) : (
              recent.isSuccess && texts.card.never
            )}
          </span>
          <RunButton flow={flow} onRun={() => onCommand('run', flow)} />
        </div>
      </li>
    </InFolder>
  );
});
