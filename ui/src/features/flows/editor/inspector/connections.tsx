import { Select } from '@mantine/core';
import type { FlowDefinition, FlowNode } from '@/api/types';
import { connect, updateNode } from '../document/commands';
import { ancestorsOf, edgeKeys, nameOf, undoChoices, undoneBy } from '../document/definition';
import { useDraft, useDraftStore } from '../document/draft-context';
import { edgeKind, edgeLabel } from '../document/to-canvas';
import classes from './inspector.module.css';
import { texts } from './texts';

interface ConnectionsProps {
  node: FlowNode;
  definition: FlowDefinition;
  /** Whether another node can undo it. */
  canBeUndone: boolean;
  /** What is wrong with the node that undoes it. */
  undoFault: string | undefined;
}

/** The neighbours of a node; connects nodes without a mouse. */
export function Connections({ node, definition, canBeUndone, undoFault }: ConnectionsProps) {
  const store = useDraftStore();
  const undone = undoneBy(definition, node.id);
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

  if (undone) {
    return (
      <section className={classes.section} aria-label={texts.connections}>
        <h3 className={classes.sectionTitle}>{texts.connections}</h3>
        <p className={classes.description}>{texts.undoes(nameOf(undone))}</p>
      </section>
    );
  }
  return (
    <section className={classes.section} aria-label={texts.connections}>
      <h3 className={classes.sectionTitle}>{texts.connections}</h3>
      <div className={classes.edges}>
        <span className={classes.edgesLabel}>{texts.incoming}</span>
        <div className={classes.edgesList}>{list('from', texts.noIncoming(isInBody))}</div>
        <span className={classes.edgesLabel}>{texts.outgoing}</span>
        <div className={classes.edgesList}>{list('to', texts.noOutgoing(isInBody))}</div>
      </div>
      {canBeUndone && <UndoWith node={node} definition={definition} fault={undoFault} />}
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

/** Chooses the node that undoes this one. */
function UndoWith({
  node,
  definition,
  fault,
}: Pick<ConnectionsProps, 'node' | 'definition'> & { fault: string | undefined }) {
  const store = useDraftStore();
  const chosen = typeof node.compensate_with === 'string' ? node.compensate_with : null;
  const choices = undoChoices(definition, node).map((one) => ({ value: one.id, label: nameOf(one) }));
  const isMissing = chosen !== null && !choices.some(({ value }) => value === chosen);
  const data = isMissing ? [...choices, { value: chosen, label: chosen }] : choices;
  return (
    <Select
      size="xs"
      label={texts.undoWith}
      description={texts.undoWithDetail}
      placeholder={data.length === 0 ? texts.undoWithNone : texts.undoWithNothing}
      data={data}
      value={chosen}
      error={fault}
      onChange={(to) =>
        store
          .getState()
          .apply(updateNode(node.id, { compensate_with: to ?? undefined }), `node/${node.id}/compensate_with`)
      }
      clearable
      searchable
    />
  );
}
