import type { Command } from '@/components/commands/command';
import { type NodeType, typeKey } from '../document/node-types';
import { lookOf } from './node-looks';
import { texts } from './texts';

/** Returns a command for each node type, to choose what is added. */
export function commandsOf(types: readonly NodeType[], onChoose: (type: NodeType) => void): Command[] {
  return types.map((type) => ({
    id: `add-${typeKey(type)}`,
    label: type.title,
    group: texts.palette.title,
    detail: type.description,
    icon: lookOf(type.type, type.action).icon,
    words: `${typeKey(type)} ${type.aliases?.join(' ') ?? ''}`,
    run: () => onChoose(type),
  }));
}
