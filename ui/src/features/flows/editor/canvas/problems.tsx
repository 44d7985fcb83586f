import {
  IconAlertCircle,
  IconAlertTriangle,
  IconChevronDown,
  IconChevronUp,
  IconCircleCheck,
  IconEye,
  IconPlugConnectedX,
} from '@tabler/icons-react';
import { useState } from 'react';
import type { FlowDefinition } from '@/api/types';
import { useMay } from '@/api/use-may';
import { Prose } from '@/components/prose';
import { SetSecretLink } from '@/components/set-secret-link';
import { edgeByKey, nameOf, nodeById } from '../document/definition';
import { useDraft, useDraftStore } from '../document/draft-context';
import type { PlacedFault } from '../document/faults';
import { graphAt, nodesTo } from '../document/inside';
import classes from './problems.module.css';
import { texts } from './texts';
import { useReveal } from './use-reveal';

/** The problems that keep the flow from being saved, and the warnings, which do not; each links to its place. */
export function Problems() {
  const store = useDraftStore();
  const faults = useDraft((state) => state.faults);
  const warnings = useDraft((state) => state.warnings);
  const count = faults.length + warnings.length;
  const checking = useDraft((state) => state.checking);
  const present = useDraft((state) => state.present);
  const [isOpen, setOpen] = useState(true);
  const { may, why } = useMay('edit_flows');
  const reveal = useReveal();

  const show = ({ inside, target }: PlacedFault) => {
    if (!target) return;
    store.getState().enter(inside);
    store.getState().select(target.kind === 'node' ? { nodes: [target.id] } : { edges: [target.id] });
    reveal(target.kind === 'node' ? target.id : (edgeByKey(store.getState().graph, target.id)?.from ?? ''));
  };

  return (
    <section className={classes.strip} aria-label={texts.problems.title} data-open={isOpen && count > 0}>
      <div className={classes.head}>
        {may ? (
          <Summary
            faults={faults.length}
            warnings={warnings.length}
            isChecked={checking !== 'unreachable'}
            isFirst={checking === 'waiting'}
          />
        ) : (
          <Said tone="neutral" icon={IconEye} text={texts.problems.readOnly(why ?? '')} />
        )}
        {count > 0 && (
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
      {isOpen && count > 0 && (
        <ul className={classes.list}>
          {faults.map((fault) => (
            <Item key={keyOf(fault)} fault={fault} kind="fault" where={whereOf(fault, present)} onShow={show} />
          ))}
          {warnings.map((fault) => (
            <Item key={keyOf(fault)} fault={fault} kind="warning" where={whereOf(fault, present)} onShow={show} />
          ))}
        </ul>
      )}
    </section>
  );
}

interface ItemProps {
  fault: PlacedFault;
  kind: 'fault' | 'warning';
  where: string;
  onShow: (fault: PlacedFault) => void;
}

function Item({ fault, kind, where, onShow }: ItemProps) {
  const { icon: Icon, tone } = KINDS[kind];
  return (
    <li>
      <button type="button" className={classes.fault} onClick={() => onShow(fault)} disabled={!fault.target}>
        <span className={classes.kind} data-tone={tone} title={texts.problems[kind]}>
          <Icon size={14} aria-hidden />
          <span className="visually-hidden">{texts.problems[kind]}:</span>
        </span>
        <span className={classes.where}>{where}</span>
        <span className={classes.what}>
          <Prose text={fault.message} />
        </span>
      </button>
      {kind === 'warning' && (
        <span className={classes.remedy}>
          <SetSecretLink message={fault.message} />
        </span>
      )}
    </li>
  );
}

const KINDS = {
  fault: { icon: IconAlertCircle, tone: 'danger' },
  warning: { icon: IconAlertTriangle, tone: 'warning' },
};

const keyOf = ({ inside, target, field, message }: PlacedFault) =>
  `${inside.join('/')} ${target?.id} ${field.join('/')} ${message}`;

interface SummaryProps {
  faults: number;
  warnings: number;
  isChecked: boolean;
  isFirst: boolean;
}

function Summary({ faults, warnings, isChecked, isFirst }: SummaryProps) {
  if (!isChecked) return <Said tone={undefined} icon={IconPlugConnectedX} text={texts.problems.unreachable} />;
  if (isFirst) return <Said tone="neutral" icon={IconCircleCheck} text={texts.problems.checking} />;
  if (faults > 0) return <Said tone="danger" icon={IconAlertCircle} text={texts.problems.count(faults)} />;
  if (warnings > 0)
    return <Said tone="warning" icon={IconAlertTriangle} text={texts.problems.onlyWarnings(warnings)} />;
  return <Said tone="success" icon={IconCircleCheck} text={texts.problems.none} />;
}

function Said({ tone, icon: Icon, text }: { tone: string | undefined; icon: typeof IconCircleCheck; text: string }) {
  return (
    <span className={classes.summary} data-tone={tone} role="status">
      <Icon size={15} aria-hidden /> {text}
    </span>
  );
}

/** Returns where a fault is: `Each order › Pay · input.url`. */
function whereOf({ inside, ...fault }: PlacedFault, definition: FlowDefinition): string {
  const graph = graphAt(definition, inside) ?? definition;
  const way = nodesTo(definition, inside).map(nameOf);
  return [...way, whereIn(fault, graph)].join(' › ');
}

function whereIn({ target, field }: Omit<PlacedFault, 'inside'>, definition: FlowDefinition): string {
  if (!target) return texts.problems.flow;
  const path = field.length > 0 ? ` · ${field.join('.')}` : '';
  if (target.kind === 'node') {
    const node = nodeById(definition, target.id);
    return (node ? nameOf(node) : target.id) + path;
  }
  const edge = edgeByKey(definition, target.id);
  return edge ? texts.problems.edge(edge.from, edge.to) : '';
}
