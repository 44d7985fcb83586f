import { useState } from 'react';
import type { Command } from '@/components/commands/command';
import { CommandDialog } from '@/components/commands/command-dialog';
import { nameOf } from '../document/definition';
import { useDraft, useDraftStore } from '../document/draft-context';
import { nodesTo, placedNodes } from '../document/inside';
import type { NodeType } from '../document/node-types';
import { addNodeOfType, type NewPlace } from './add-node';
import { commandsOf } from './node-commands';
import { lookOf } from './node-looks';
import { texts } from './texts';
import { useReveal } from './use-reveal';

/** What is asked for above the canvas: which node to add, and where, or which one to go to. */
export type Asking = { kind: 'add'; place?: NewPlace } | { kind: 'go' };

interface CanvasDialogProps {
  asking: Asking;
  types: readonly NodeType[];
  onClose: () => void;
}

/** Asks for a node by its name: a new one to add, or one to go to. */
export function CanvasDialog({ asking, types, onClose }: CanvasDialogProps) {
  return asking.kind === 'add' ? (
    <AddDialog place={asking.place} types={types} onClose={onClose} />
  ) : (
    <GoDialog onClose={onClose} />
  );
}

interface AddDialogProps extends Omit<CanvasDialogProps, 'asking'> {
  place: NewPlace | undefined;
}

function AddDialog({ place, types, onClose }: AddDialogProps) {
  const store = useDraftStore();
  const isInBody = useDraft((state) => state.inside.length > 0);
  const reveal = useReveal();
  const offered = place || isInBody ? types.filter(({ traits }) => !traits.starts) : types;
  const commands = commandsOf(offered, (type) => reveal(addNodeOfType(store, type, place), 'focus'));
  return (
    <CommandDialog label={texts.palette.search} nothing={texts.palette.nothing} commands={commands} onClose={onClose} />
  );
}

/** Every node by its name, those in bodies included. */
function GoDialog({ onClose }: { onClose: () => void }) {
  const commandsOfNodes = useNodeCommands(texts.go.here);
  const [commands] = useState(commandsOfNodes);
  return <CommandDialog label={texts.go.search} nothing={texts.go.nothing} commands={commands} onClose={onClose} />;
}

/** Returns a function that makes a command for each node of the flow, which goes there. */
export function useNodeCommands(here: string): () => Command[] {
  const store = useDraftStore();
  const reveal = useReveal();
  return () => {
    const { present, enter, select } = store.getState();
    return placedNodes(present).map(({ node, inside }): Command => {
      const { icon, label } = lookOf(node.type, node.action);
      const name = nameOf(node);
      return {
        id: `node-${node.id}`,
        label: name,
        group: [here, ...nodesTo(present, inside).map(nameOf)].join(' › '),
        detail: name === node.id ? label : `${label} · ${node.id}`,
        icon,
        run: () => {
          enter(inside);
          select({ nodes: [node.id] });
          reveal(node.id, 'focus');
        },
      };
    });
  };
}
