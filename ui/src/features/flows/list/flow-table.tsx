import { Link } from '@tanstack/react-router';
import { memo } from 'react';
import type { Flow } from '@/api/types';
import { InFolder } from '@/api/use-may';
import { DraftMark } from '@/components/draft-mark';
import { FlowStatus } from '@/components/flow-status';
import { RelativeTime } from '@/components/relative-time';
import { FlowMenu } from './flow-menu';
import classes from './flow-table.module.css';
import { moveFocus } from './move-focus';
import { NextStart } from './next-start';
import { Reliability } from './reliability';
import { RunButton } from './run-button';
import { Sparkline } from './sparkline';
import { SuccessRate } from './success-rate';
import { texts } from './texts';
import type { FlowCommand } from './use-flow-commands';
import { useRecent } from './use-recent';

interface FlowTableProps {
  flows: readonly Flow[];
  isLive: boolean;
  /** The folder that is shown. */
  folder: string | undefined;
  onCommand: (command: FlowCommand, flow: Flow) => void;
}

/** The flows, one per row. */
export function FlowTable({ flows, isLive, folder, onCommand }: FlowTableProps) {
  const { columns } = texts;
  return (
    <div className={classes.frame}>
      <table className={classes.table}>
        <thead>
          <tr>
            <th scope="col">{columns.name}</th>
            <th scope="col">{columns.status}</th>
            <th scope="col" className={classes.wide}>
              {columns.reliability}
            </th>
            <th scope="col" className={classes.middle}>
              {columns.recent}
            </th>
            <th scope="col" className={classes.middle}>
              {columns.success}
            </th>
            <th scope="col" className={classes.middle}>
              {columns.last}
            </th>
            <th scope="col">
              <span className="visually-hidden">{columns.actions}</span>
            </th>
          </tr>
        </thead>
        <tbody onKeyDown={moveFocus}>
          {flows.map((flow) => (
            <Row key={flow.id} flow={flow} isLive={isLive} folder={folder} onCommand={onCommand} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface RowProps {
  flow: Flow;
  isLive: boolean;
  /** The folder that is shown. */
  folder: string | undefined;
  onCommand: (command: FlowCommand, flow: Flow) => void;
}

const Row = memo(function Row({ flow, isLive, folder, onCommand }: RowProps) {
  const { ref, recent, week, isWeekKnown } = useRecent(flow.id, isLive);
  const last = recent.data?.[0];
  return (
    <InFolder value={flow.folder}>
      <tr ref={ref}>
        <td className={classes.name}>
          <Link to="/flows/$flowId" params={{ flowId: flow.id }} className={classes.link} data-flow>
            {flow.name}
          </Link>
          <span className={classes.tags}>
            {[flow.folder === folder ? null : flow.folder, flow.category, ...flow.tags].filter(Boolean).join(' · ')}
          </span>
        </td>
        <td>
          <span className={classes.status}>
            <FlowStatus status={flow.status} />
            <DraftMark flow={flow} />
            <NextStart flow={flow} />
          </span>
        </td>
        <td className={classes.wide}>
          <Reliability flow={flow} />
        </td>
        <td className={classes.middle}>
          <Sparkline flow={flow} recent={recent} />
        </td>
        <td className={classes.middle}>
          <SuccessRate week={week} isKnown={isWeekKnown} />
        </td>
        <td className={`${classes.middle} ${classes.soft}`}>
          {last ? (
            <RelativeTime time={last.started_at ?? last.created_at} />
          ) : (
            recent.isSuccess && texts.card.neverShort
          )}
        </td>
        <td>
          <span className={classes.actions}>
            <RunButton flow={flow} onRun={() => onCommand('run', flow)} isCompact />
            <FlowMenu flow={flow} onCommand={onCommand} />
          </span>
        </td>
      </tr>
    </InFolder>
  );
});
