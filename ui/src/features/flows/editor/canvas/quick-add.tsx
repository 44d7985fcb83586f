import { Menu } from '@mantine/core';
import type { Taking } from '../document/commands';
import { type NodeType, typeKey } from '../document/node-types';
import type { Point } from '../document/positions';
import classes from './canvas.module.css';
import { lookOf } from './node-looks';
import { texts } from './texts';

/** An edge that was dropped on the empty canvas. */
export interface LooseEnd {
  from: string;
  taking: Taking;
  /** Where it was dropped, in window coordinates. */
  at: Point;
}

interface QuickAddProps {
  end: LooseEnd;
  types: readonly NodeType[];
  onChoose: (type: NodeType) => void;
  onClose: () => void;
}

/** Asks for the node at the end of an edge that was dropped on the empty canvas. */
export function QuickAdd({ end, types, onChoose, onClose }: QuickAddProps) {
  return (
    <Menu opened onClose={onClose} position="bottom-start" width={190} shadow="md" trapFocus withinPortal>
      <Menu.Target>
        <span className={classes.looseEnd} style={{ left: end.at.x, top: end.at.y }} />
      </Menu.Target>
      <Menu.Dropdown className={classes.quickAdd}>
        <Menu.Label>{texts.palette.title}</Menu.Label>
        {types
          .filter(({ traits }) => !traits.starts)
          .map((type) => {
            const { icon: Icon } = lookOf(type.type, type.action);
            return (
              <Menu.Item
                key={typeKey(type)}
                leftSection={<Icon size={15} stroke={1.7} aria-hidden />}
                onClick={() => onChoose(type)}
              >
                {type.title}
              </Menu.Item>
            );
          })}
      </Menu.Dropdown>
    </Menu>
  );
}
