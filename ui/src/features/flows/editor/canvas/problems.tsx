import {
  IconAlertTriangle,
  IconChevronDown,
  IconChevronUp,
  IconCircleCheck,
  IconPlugConnectedX,
} from '@tabler/icons-react';
import { useState } from 'react';
import type { FlowDefinition } from '@/api/types';
import { Prose } from '@/components/prose';
import { edgeByKey, nameOf, nodeById } from '../document/definition';
import { useDraft, useDraftStore } from '../document/draft-context';
import type { PlacedFault } from '../document/faults';
import classes from './problems.module.css';
import { texts } from './texts';
import { useReveal } from './use-reveal';

/** The problems that keep the flow from being saved; each links to its place. */
export function Problems() {
  const store = useDraftStore();
  const faults = useDraft((state) => state.faults);
  const checking = useDraft((state) => state.checking);
  const present = useDraft((state) => state.present);
  const [isOpen, setOpen] = useState(true);
  const reveal = useReveal();

  const show = ({ target }: PlacedFault) => {
    if (!target) return;
    store.getState().select(target.kind === 'node' ? { nodes: [target.id] } : { edges: [target.id] });
    reveal(target.kind === 'node' ? target.id : (edgeByKey(present, target.id)?.from ?? ''));
  };

  return (
    <section className={classes.strip} aria-label={texts.problems.title} data-open={isOpen && faults.length > 0}>
      <div className={classes.head}>
        <Summary count={faults.length} isChecked={checking !== 'unreachable'} isFirst={checking === 'waiting'} />
        {faults.length > 0 && (
          <button
            type="button"
            className={classes.toggle}
            aria-expanded={isOpen}
            aria-label={isOpen ? texts.problems.hide : texts.problems.show}
            onClick={() => setOpen(!isOpen)}
          >
            {isOpen ? <IconChevronDown size={15} aria-hidden /> : <IconChevronUp size={15} aria-hidden />}
          </button>
        )}
      </div>
      {isOpen && faults.length > 0 && (
        <ul className={classes.list}>
          {faults.map((fault) => (
            <li key={`${fault.target?.id} ${fault.field.join('/')} ${fault.message}`}>
              <button type="button" className={classes.fault} onClick={() => show(fault)} disabled={!fault.target}>
                <span className={classes.where}>{whereOf(fault, present)}</span>
                <span className={classes.what}>
                  <Prose text={fault.message} />
                </span>
              </button>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function Summary({ count, isChecked, isFirst }: { count: number; isChecked: boolean; isFirst: boolean }) {
  if (!isChecked) {
    return (
      <span className={classes.summary} role="status">
        <IconPlugConnectedX size={15} aria-hidden /> {texts.problems.unreachable}
      </span>
    );
  }
  return (
    <span className={classes.summary} data-tone={count > 0 ? 'danger' : isFirst ? 'neutral' : 'success'} role="status">
      {count > 0 ? <IconAlertTriangle size={15} aria-hidden /> : <IconCircleCheck size={15} aria-hidden />}
      {isFirst ? texts.problems.checking : count > 0 ? texts.problems.count(count) : texts.problems.none}
    </span>
  );
}

function whereOf({ target, field }: PlacedFault, definition: FlowDefinition): string {
  if (!target) return texts.problems.flow;
  const path = field.length > 0 ? ` · ${field.join('.')}` : '';
  if (target.kind === 'node') {
    const node = nodeById(definition, target.id);
    return (node ? nameOf(node) : target.id) + path;
  }
  const edge = edgeByKey(definition, target.id);
  return edge ? texts.problems.edge(edge.from, edge.to) : '';
}
