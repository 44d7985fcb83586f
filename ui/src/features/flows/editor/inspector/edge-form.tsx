import { SegmentedControl, Select } from '@mantine/core';
import { useDeferredValue, useMemo } from 'react';
import type { Flow, FlowEdge } from '@/api/types';
import { Warnings } from '@/components/warnings';
import { usePlace } from '../bench/use-place';
import { Carried } from '../canvas/carried';
import { caseOf, casesOf } from '../document/cases';
import { updateEdge } from '../document/commands';
import { nameOf, nodeById } from '../document/definition';
import { useDraft, useDraftStore } from '../document/draft-context';
import { faultAt, isAt, type PlacedFault } from '../document/faults';
import { type Catalogue, typeOf } from '../document/node-types';
import { scopeInside, scopeOfEdge } from '../document/scope';
import { type EdgeKind, edgeKind } from '../document/to-canvas';
import { ExpressionContext } from '../form/expression-context';
import { SchemaField } from '../form/schema-field';
import classes from './inspector.module.css';
import { ManyActions } from './many-actions';
import { texts } from './texts';

interface EdgeFormProps {
  edge: FlowEdge;
  edgeKey: string;
  flow: Flow;
  catalogue: Catalogue | undefined;
}

const KINDS: { value: EdgeKind; label: string; detail: string }[] = [
  { value: 'always', label: texts.always, detail: texts.alwaysDetail },
  { value: 'condition', label: texts.if, detail: texts.ifDetail },
  { value: 'error', label: texts.onError, detail: texts.onErrorDetail },
];

/** The form of one edge: when it is taken. */
export function EdgeForm({ edge, edgeKey, flow, catalogue }: EdgeFormProps) {
  const store = useDraftStore();
  const definition = useDraft((state) => state.graph);
  const faults = useDraft((state) => state.faults);
  // The names may lag behind the typing; the field must not.
  const known = useDeferredValue(definition);
  const whole = useDeferredValue(useDraft((state) => state.present));
  const inside = useDraft((state) => state.inside);
  const inScope = useMemo(
    () => scopeInside(whole, inside, scopeOfEdge(known, edge, catalogue), catalogue),
    [known, whole, inside, edge, catalogue],
  );
  const place = useMemo(() => ({ edgeFrom: edge.from }), [edge.from]);
  const { names, expressions } = usePlace(flow, place, inScope);
  const from = nodeById(definition, edge.from);
  const to = nodeById(definition, edge.to);
  const isHere = (fault: PlacedFault) => isAt(fault, inside, 'edge', edgeKey);
  const own = faults.filter(isHere);
  const warnings = useDraft((state) => state.warnings).filter(isHere);
  const kind = edgeKind(edge);
  const answers = from && typeOf(catalogue?.types, from)?.traits.answers;
  const cases = casesOf(from);
  const asked = caseOf(edge, from);
  const isAnswer = typeof edge.condition === 'boolean' || asked !== null;
  const schema = catalogue?.types.find((type) => type.type === 'condition')?.schema.properties?.condition;

  const set = (changes: Record<string, unknown>, field?: string) =>
    store.getState().apply(updateEdge(edgeKey, changes), field && `edge/${edgeKey}/${field}`);
  const choose = (next: string) => {
    if (next === 'error') set({ on: 'error', condition: undefined });
    else set({ on: undefined, condition: next === 'always' ? undefined : answers ? true : (cases[0] ?? '') });
  };

  return (
    <ExpressionContext value={expressions}>
      <div className={classes.form}>
        <p className={classes.description}>{texts.ends(from ? nameOf(from) : edge.from, to ? nameOf(to) : edge.to)}</p>
        <SegmentedControl size="xs" fullWidth aria-label={texts.taken} data={KINDS} value={kind} onChange={choose} />
        <p className={classes.description}>{KINDS.find(({ value }) => value === kind)?.detail}</p>
        {kind === 'condition' && answers && (
          <SegmentedControl
            size="xs"
            fullWidth
            aria-label={texts.holds}
            data={[
              { value: 'true', label: texts.true },
              { value: 'false', label: texts.false },
              { value: 'other', label: texts.expression },
            ]}
            value={isAnswer ? String(edge.condition) : 'other'}
            onChange={(next) => set({ condition: next === 'other' ? '' : next === 'true' })}
          />
        )}
        {kind === 'condition' && cases.length > 0 && (
          <Select
            size="xs"
            label={from?.type === 'approval' ? texts.decision : texts.case}
            data={[...cases.map((name) => ({ value: name, label: name })), { value: '', label: texts.expression }]}
            value={asked ?? ''}
            allowDeselect={false}
            onChange={(name) => set({ condition: name ?? '' })}
          />
        )}
        {kind !== 'always' && !isAnswer && schema && (
          <SchemaField
            title={texts.condition}
            schema={{ ...schema, description: '' }}
            value={edge.condition ?? undefined}
            onChange={(condition) =>
              set({ condition: kind === 'error' ? condition || undefined : condition }, 'condition')
            }
            path={['condition']}
            faultAt={(path) => faultAt(own, path)}
            warningsAt={() => []}
            names={names}
            templated={false}
          />
        )}
        {own
          .filter(({ field }) => field[0] !== 'condition')
          .map(({ message }) => (
            <p key={message} className={classes.description} data-tone="danger">
              {message}
            </p>
          ))}
        <Carried flow={flow.id} edge={edge} />
        <Warnings messages={warnings.map(({ message }) => message)} />
        <ManyActions />
      </div>
    </ExpressionContext>
  );
}
