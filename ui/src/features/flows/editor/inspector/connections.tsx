import { Select } from '@mantine/core';
import type { FlowDefinition, FlowNode } from '@/api/types';
import { connect } from '../document/commands';
import { ancestorsOf, edgeKeys, nameOf } from '../document/definition';
import { useDraft, useDraftStore } from '../document/draft-context';
import { edgeKind, edgeLabel } from '../document/to-canvas';
import classes from './inspector.module.css';
import { texts } from './texts';

interface ConnectionsProps {
  node: FlowNode;
  definition: FlowDefinition;
}

/** The neighbours of a node; connects nodes without a mouse. */
export function Connections({ node, definition }: ConnectionsProps) {
  const store = useDraftStore();
  const isInBody = useDraft((state) => state.inside.length > 0);
  const keys = edgeKeys(definition.edges);
  const names = new Map(definition.nodes.map((one) => [one.id, nameOf(one)]));
  const all = definition.edges.map((edge, at) => ({ edge, key: keys[at] ?? '' }));
  const before = new Set([node.id, ...ancestorsOf(definition, node.id)]);
  const next = new Set(definition.edges.filter(({ from }) => from === node.id).map(({ to }) => to));
  const targets = definition.nodes.filter(({ id }) => !before.has(id) && !next.has(id));

  const list = (end: 'from' | 'to', none: string) => {
    const found = all.filter(({ edge }) => edge[end === 'from' ? 'to' : 'from'] === node.id);
    if (found.length === 0) return none;
    return found.map(({ edge, key }) => {
      const label = edgeLabel(edge);
      return (
        <button
          key={key}
          type="button"
          className={classes.edge}
          data-kind={edgeKind(edge)}
          onClick={() => store.getState().select({ edges: [key] })}
        >
          {names.get(edge[end]) ?? edge[end]} {label && <span>{label}</span>}
        </button>
      );
    });
  };

  return (
    <section className={classes.section} aria-label={texts.connections}>
      <h3 className={classes.sectionTitle}>{texts.connections}</h3>
      <div className={classes.edges}>
        <span className={classes.edgesLabel}>{texts.incoming}</span>
        <div className={classes.edgesList}>{list('from', texts.noIncoming(isInBody))}</div>
        <span className={classes.edgesLabel}>{texts.outgoing}</span>
        <div className={classes.edgesList}>{list('to', texts.noOutgoing(isInBody))}</div>
      </div>
      {targets.length > 0 && (
        <Select
          size="xs"
          aria-label={texts.connectTo}
          placeholder={texts.connectTo}
          data={targets.map((target) => ({ value: target.id, label: nameOf(target) }))}
          value={null}
          onChange={(to) => to && store.getState().apply(connect(node.id, to))}
          searchable
        />
      )}
    </section>
  );
}
