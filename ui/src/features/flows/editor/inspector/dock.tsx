import { ActionIcon, Drawer } from '@mantine/core';
import { IconArrowLeft, IconX } from '@tabler/icons-react';
import { type ReactNode, useRef } from 'react';
import type { Flow, FlowEdge, FlowNode } from '@/api/types';
import type { Place } from '../bench/use-sources';
import { lookOf } from '../canvas/node-looks';
import { edgeByKey, nameOf, nodeById } from '../document/definition';
import { useDraft } from '../document/draft-context';
import type { Catalogue } from '../document/node-types';
import { InsertContext, type InsertTarget } from '../form/insertion';
import { TestButton } from '../test/test-button';
import classes from './dock.module.css';
import { Panes, type Parts, TabbedPanes } from './dock-panes';
import { EdgeForm } from './edge-form';
import { ManyActions } from './many-actions';
import { NodeForm } from './node-form';
import type { Arrangement } from './panes';
import { texts } from './texts';

interface DockProps {
  flow: Flow;
  catalogue: Catalogue | undefined;
  arrangement: Arrangement;
  isNarrow: boolean;
}

/** What is selected: its input, its form and its output, beside the canvas; on narrow screens a sheet over all of it. */
export function Dock({ flow, catalogue, arrangement, isNarrow }: DockProps) {
  const chosen = useChosen();
  const select = useDraft((state) => state.select);
  const target = useRef<InsertTarget | null>(null);
  if (!chosen) return isNarrow ? <Sheet isOpen={false} onClose={() => select({})} /> : null;
  const close = () => select({});
  const node = chosen.kind === 'node' ? chosen.node : undefined;
  const parts = partsOf(chosen, flow, catalogue);
  const look = node ? lookOf(node.type, node.action) : null;
  const title = titleOf(chosen);
  const key = chosen.kind === 'node' ? chosen.node.id : chosen.kind === 'edge' ? chosen.key : 'many';
  const test = node && <TestButton id={node.id} />;
  if (isNarrow) {
    return (
      <Sheet isOpen title={title} actions={test} onClose={close}>
        <InsertContext value={target}>
          <TabbedPanes key={key} parts={parts} />
        </InsertContext>
      </Sheet>
    );
  }
  return (
    <InsertContext value={target}>
      <aside className={classes.dock} style={{ width: arrangement.total }} aria-label={texts.label} data-inspector>
        <header className={classes.head} data-tone={look?.tone}>
          {look && (
            <span className={classes.icon}>
              <look.icon size={15} stroke={1.7} aria-hidden />
            </span>
          )}
          <h2 className={classes.title} title={title}>
            {title}
          </h2>
          {test}
          <ActionIcon aria-label={texts.close} onClick={close}>
            <IconX size={15} aria-hidden />
          </ActionIcon>
        </header>
        {arrangement.mode === 'panes' ? (
          <Panes key={key} parts={parts} arrangement={arrangement} />
        ) : (
          <TabbedPanes key={key} parts={parts} />
        )}
      </aside>
    </InsertContext>
  );
}

type Chosen =
  | { kind: 'node'; node: FlowNode }
  | { kind: 'edge'; edge: FlowEdge; key: string }
  | { kind: 'many'; nodes: number };

/** Returns what is selected; `null` for nothing. */
function useChosen(): Chosen | null {
  const { nodes, edges } = useDraft((state) => state.selection);
  const graph = useDraft((state) => state.graph);
  const count = nodes.length + edges.length;
  if (count > 1) return { kind: 'many', nodes: nodes.length };
  const [id] = nodes;
  const node = id === undefined ? undefined : nodeById(graph, id);
  if (node) return { kind: 'node', node };
  const [key] = edges;
  const edge = key === undefined ? undefined : edgeByKey(graph, key);
  return edge && key !== undefined ? { kind: 'edge', edge, key } : null;
}

function titleOf(chosen: Chosen): string {
  if (chosen.kind === 'node') return nameOf(chosen.node);
  return chosen.kind === 'edge' ? texts.edge : texts.many(chosen.nodes);
}

function partsOf(chosen: Chosen, flow: Flow, catalogue: Catalogue | undefined): Parts {
  if (chosen.kind === 'many') return { form: <ManyActions /> };
  if (chosen.kind === 'edge') {
    const { edge, key } = chosen;
    const place: Place = { edgeFrom: edge.from };
    return { form: <EdgeForm edge={edge} edgeKey={key} flow={flow} catalogue={catalogue} />, flow, place };
  }
  const { node } = chosen;
  return { form: <NodeForm node={node} flow={flow} catalogue={catalogue} />, flow, place: { node: node.id }, node };
}

interface SheetProps {
  isOpen: boolean;
  title?: string;
  actions?: ReactNode;
  onClose: () => void;
  children?: ReactNode;
}

/** The whole screen, with a way back. */
function Sheet({ isOpen, title, actions, onClose, children }: SheetProps) {
  return (
    <Drawer.Root opened={isOpen} onClose={onClose} position="bottom" size="100%">
      <Drawer.Content aria-label={title ?? texts.label}>
        <div className={classes.sheet} data-inspector>
          <div className={classes.head}>
            <ActionIcon aria-label={texts.back} size={32} onClick={onClose}>
              <IconArrowLeft size={18} aria-hidden />
            </ActionIcon>
            <h2 className={classes.title}>{title}</h2>
            {actions}
          </div>
          {children}
        </div>
      </Drawer.Content>
    </Drawer.Root>
  );
}
