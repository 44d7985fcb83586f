import { Drawer } from '@mantine/core';
import { useHotkeys, useMediaQuery } from '@mantine/hooks';
import type { Execution, ExecutionStatus, JournalEvent } from '@/api/types';
import { type Mark, Marks } from '@/components/marked';
import classes from './detail.module.css';
import { focusOf } from './focus';
import { GraphPanel } from './graph-panel';
import { NodePanel } from './node-panel';
import type { Outage } from './recovery';
import { texts } from './texts';
import { Timeline } from './timeline';

interface TimelineTabProps {
  execution: Execution;
  journal: readonly JournalEvent[];
  outages: readonly Outage[];
  /** The node that the user selected. */
  chosen: string | null;
  onChoose: (nodeId: string | undefined) => void;
  /** The status that the executions of the chosen node are filtered by. */
  shownChildren: ExecutionStatus | undefined;
  onShowChildren: (nodeId: string, status: ExecutionStatus | undefined) => void;
  /** What of the chosen node the address names. */
  marked: Pick<Mark, 'attempt' | 'step'>;
}

/** The waterfall and the graph, beside them the selected node, or else the active one. */
export function TimelineTab(props: TimelineTabProps) {
  const { execution, journal, outages, chosen, onChoose, shownChildren, onShowChildren, marked } = props;
  const isNarrow = useMediaQuery('(max-width: 1100px)', undefined, { getInitialValueInEffect: false }) ?? false;
  const byHand = execution.node_executions.find((node) => node.node_id === chosen);
  const focus = isNarrow ? byHand : (byHand ?? focusOf(execution));
  // Dialogs, menus and drawers close first.
  const leave = ({ target }: KeyboardEvent) => {
    const isAbove = target instanceof Element && target.closest('[role="dialog"], [role="menu"]');
    if (byHand && !isNarrow && !isAbove) onChoose(undefined);
  };
  useHotkeys([['Escape', leave, { preventDefault: false }]]);
  const mark = focus && { executionId: execution.id, nodeId: focus.node_id, ...(byHand && marked) };
  const panel = focus && mark && (
    <Marks value={mark}>
      <NodePanel
        key={focus.node_id}
        execution={execution}
        journal={journal}
        node={focus}
        isFollowing={!byHand}
        shownChildren={shownChildren}
        onShowChildren={(status) => onShowChildren(focus.node_id, status)}
        onClose={byHand ? () => onChoose(undefined) : null}
      />
    </Marks>
  );
  // A conversation takes more room. The width depends on the flow alone, so that it does not change while nodes are followed.
  const hasAgents = execution.node_executions.some((node) => node.skill_used);
  return (
    <div className={hasAgents ? classes.splitWide : classes.split}>
      <div className={classes.main}>
        <Timeline
          execution={execution}
          journal={journal}
          outages={outages}
          selected={focus?.node_id ?? null}
          chosen={chosen}
          onSelect={onChoose}
          shownChildren={shownChildren}
        />
        <GraphPanel execution={execution} selected={focus?.node_id ?? null} chosen={chosen} onSelect={onChoose} />
      </div>
      {isNarrow ? (
        <Drawer
          opened={byHand !== undefined}
          onClose={() => onChoose(undefined)}
          position="bottom"
          size="86%"
          withCloseButton={false}
          padding={0}
          attributes={{ content: { 'aria-label': focus?.node_name ?? '' } }}
        >
          {panel}
        </Drawer>
      ) : (
        <aside className={classes.side} aria-label={focus?.node_name ?? texts.node.none}>
          {panel}
        </aside>
      )}
    </div>
  );
}
