import { ActionIcon, Tooltip } from '@mantine/core';
import { IconMaximize, IconMinus, IconPlus } from '@tabler/icons-react';
import { Panel, useReactFlow } from '@xyflow/react';
import { BodyPath } from './body-path';
import classes from './canvas.module.css';
import { texts } from './texts';
import { fitHere } from './view';

/** Zoom buttons, for people without a mouse wheel, and where the canvas is. */
export function CanvasControls({ flowName }: { flowName: string }) {
  const { zoomIn, zoomOut, fitView } = useReactFlow();
  const actions = [
    { label: texts.canvas.zoomOut, icon: IconMinus, act: () => zoomOut() },
    { label: texts.canvas.zoomIn, icon: IconPlus, act: () => zoomIn() },
    { label: texts.canvas.fit, icon: IconMaximize, act: () => fitView(fitHere()) },
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
