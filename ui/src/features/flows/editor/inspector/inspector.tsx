import { ActionIcon, Drawer } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import type { Flow } from '@/api/types';
import { lookOf } from '../canvas/node-looks';
import { edgeByKey, nameOf, nodeById } from '../document/definition';
import { useDraft } from '../document/draft-context';
import type { Catalogue } from '../document/node-types';
import { EdgeForm } from './edge-form';
import classes from './inspector.module.css';
import { ManyActions } from './many-actions';
import { NodeInspector } from './node-inspector';
import { texts } from './texts';

interface InspectorProps {
  flow: Flow;
  catalogue: Catalogue | undefined;
  isNarrow: boolean;
}

/** The form of the selection: over the right side of the canvas, or in a drawer on narrow screens. */
export function Inspector({ flow, catalogue, isNarrow }: InspectorProps) {
  const selection = useDraft((state) => state.selection);
  const definition = useDraft((state) => state.graph);
  const select = useDraft((state) => state.select);
  const close = () => select({});
  const count = selection.nodes.length + selection.edges.length;

  const node = count === 1 && selection.nodes[0] ? nodeById(definition, selection.nodes[0]) : undefined;
  const edgeKey = count === 1 ? selection.edges[0] : undefined;
  const edge = edgeKey ? edgeByKey(definition, edgeKey) : undefined;

  let title = '';
  let body: ReactNode = null;
  if (node) {
    title = nameOf(node);
    body = <NodeInspector key={node.id} node={node} flow={flow} catalogue={catalogue} />;
  } else if (edge && edgeKey) {
    title = texts.edge;
    body = <EdgeForm key={edgeKey} edge={edge} edgeKey={edgeKey} catalogue={catalogue} />;
  } else if (count > 1) {
    title = texts.many(selection.nodes.length);
    body = <ManyActions />;
  }

  if (isNarrow) {
    return (
      <Drawer
        opened={body !== null}
        onClose={close}
        position="bottom"
        size="72%"
        title={title}
        closeButtonProps={{ 'aria-label': texts.close }}
      >
        <div data-inspector>{body}</div>
      </Drawer>
    );
  }
  if (!body) return null;
  const look = node ? lookOf(node.type, node.action) : null;
  return (
    <aside className={classes.panel} aria-label={texts.label} data-inspector>
      <header className={classes.head} data-tone={look?.tone}>
        {look && (
          <span className={classes.icon}>
            <look.icon size={15} stroke={1.7} aria-hidden />
          </span>
        )}
        <h2 className={classes.title}>{title}</h2>
        <ActionIcon aria-label={texts.close} onClick={close}>
          <IconX size={15} aria-hidden />
        </ActionIcon>
      </header>
      <div className={classes.body}>{body}</div>
    </aside>
  );
}
