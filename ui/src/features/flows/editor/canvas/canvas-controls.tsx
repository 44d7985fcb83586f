import { ActionIcon, Tooltip } from '@mantine/core';
import { IconMarquee2, IconMaximize, IconMinus, IconNote, IconPlus } from '@tabler/icons-react';
import { Panel, useReactFlow } from '@xyflow/react';
import { BodyPath } from './body-path';
import classes from './canvas.module.css';
import { texts } from './texts';
import type { CanvasActions } from './use-actions';
import { fitHere } from './view';

/** Buttons for the zoom, notes and groups, and where the canvas is. */
export function CanvasControls({ flowName, canvas }: { flowName: string; canvas: CanvasActions }) {
  const { zoomIn, zoomOut, fitView } = useReactFlow();
  const actions = [
    { label: texts.canvas.zoomOut, icon: IconMinus, act: () => zoomOut() },
    { label: texts.canvas.zoomIn, icon: IconPlus, act: () => zoomIn() },
    { label: texts.canvas.fit, icon: IconMaximize, act: () => fitView(fitHere()) },
    { label: texts.items.addNote, icon: IconNote, act: () => canvas.addItem('note') },
    { label: texts.items.addGroup, icon: IconMarquee2, act: () => canvas.addItem('group') },
  ];
  return (
    <Panel position="top-left">
      <div className={classes.top}>
        <div className={classes.controls}>
          {actions.map(({ label, icon: Icon, act }) => (
            <Tooltip key={label} label={label}>
              <ActionIcon onClick={() => void act()} aria-label={label}>
                <Icon size={15} aria-hidden />
              </ActionIcon>
            </Tooltip>
          ))}
        </div>
        <BodyPath flowName={flowName} />
      </div>
    </Panel>
  );
}
