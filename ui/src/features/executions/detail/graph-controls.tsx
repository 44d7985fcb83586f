import { ActionIcon, Tooltip } from '@mantine/core';
import { IconMaximize, IconMinus, IconPlus } from '@tabler/icons-react';
import { Panel, useReactFlow } from '@xyflow/react';
import classes from './graph.module.css';
import { texts } from './texts';

/** Zoom in, zoom out, fit. */
export function GraphControls() {
  const { zoomIn, zoomOut, fitView } = useReactFlow();
  const controls = [
    { label: texts.graph.zoomOut, icon: IconMinus, act: () => zoomOut() },
    { label: texts.graph.zoomIn, icon: IconPlus, act: () => zoomIn() },
    { label: texts.graph.fit, icon: IconMaximize, act: () => fitView({ padding: 0.08, maxZoom: 1 }) },
  ];
  return (
    <Panel position="bottom-right" className={classes.controls}>
      {controls.map(({ label, icon: Icon, act }) => (
        <Tooltip key={label} label={label}>
          <ActionIcon size={28} aria-label={label} onClick={() => void act()}>
            <Icon size={14} aria-hidden />
          </ActionIcon>
        </Tooltip>
      ))}
    </Panel>
  );
}
