import { Textarea, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useCallback, useDeferredValue, useMemo } from 'react';
import type { Flow, FlowNode } from '@/api/types';
import { Warnings } from '@/components/warnings';
import { isRecord } from '@/lib/json';
import { usePlace } from '../bench/use-place';
import { failsOn } from '../document/cases';
import { updateCases, updateNode } from '../document/commands';
import { useDraft, useDraftStore } from '../document/draft-context';
import { faultAt, isAt, messagesAt, type PlacedFault, type Reach } from '../document/faults';
import { type Catalogue, typeOf } from '../document/node-types';
import { agentChoicesQuery } from '../document/queries';
import { scopeInside, scopeOfNode } from '../document/scope';
import { decisionWords } from '../document/to-canvas';
import { ExpressionContext } from '../form/expression-context';
import { JsonField } from '../form/json-field';
import type { Schema } from '../form/schema';
import { AgentFields, asksAgent, skillKeyOf } from './agent-fields';
import { Connections } from './connections';
import { IdField } from './id-field';
import classes from './inspector.module.css';
import { KeyField } from './key-field';
import { ManyActions } from './many-actions';
import { RELIABILITY, Reliability } from './reliability';
import { texts } from './texts';

interface NodeFormProps {
  node: FlowNode;
  flow: Flow;
  catalogue: Catalogue | undefined;
}

/** The form of one node, generated from the schema of its type. */
export function NodeForm({ node, flow, catalogue }: NodeFormProps) {
  const store = useDraftStore();
  const definition = useDraft((state) => state.graph);
  const faults = useDraft((state) => state.faults);
  const warnings = useDraft((state) => state.warnings);
  // The names may lag behind the typing; the field must not.
  const known = useDeferredValue(definition);
  const whole = useDeferredValue(useDraft((state) => state.present));
  const inside = useDraft((state) => state.inside);
  const inScope = useMemo(
    () => scopeInside(whole, inside, scopeOfNode(known, node.id, catalogue), catalogue),
    [known, whole, inside, node.id, catalogue],
  );
  const place = useMemo(() => ({ node: node.id }), [node.id]);
  const { names, expressions } = usePlace(flow, place, inScope);
  const type = typeOf(catalogue?.types, node);
  const takesAttempts = type?.traits.takes_attempts ?? false;
  const isJoin = definition.edges.filter((edge) => edge.to === node.id).length > 1 || node.join !== undefined;
  const { own, warned } = useMemo(() => {
    const isHere = (fault: PlacedFault) => isAt(fault, inside, 'node', node.id);
    return { own: faults.filter(isHere), warned: warnings.filter(isHere) };
  }, [faults, warnings, inside, node.id]);
  const set = useCallback(
    (key: string, value: unknown) =>
      store
        .getState()
        .apply(
          key === 'cases' ? updateCases(node.id, value) : updateNode(node.id, { [key]: value }),
          `node/${node.id}/${key}`,
        ),
    [store, node.id],
  );
  const shared = {
    names,
    faultAt: (path: readonly string[]) => faultAt(own, path),
    warningsAt: (path: readonly string[], reach: Reach) => messagesAt(warned, path, reach),
  };
  const skillInput = useSkillInput(node);
  const { timeout_seconds: timeout } = catalogue?.common.properties ?? {};
  const keys = Object.entries({
    ...type?.schema.properties,
    // It limits attempts elsewhere, and here the wait.
    ...(timeout && type?.traits.asks_people && { timeout_seconds: { ...timeout, description: texts.waitsAtMost } }),
  }).filter(([key]) => !(asksAgent(node) && (key === 'agent_id' || key === skillKeyOf(node))));
  const unasked = failsOn(node, definition.edges);

  const shown = new Set([
    ...keys.map(([key]) => key),
    ...(asksAgent(node) ? ['agent_id', skillKeyOf(node)] : []),
    ...(takesAttempts ? RELIABILITY : []),
    'compensate_with',
  ]);
  const elsewhere = warned.filter(({ field: [key] }) => key === undefined || !shown.has(key));

  return (
    <ExpressionContext value={expressions}>
      <div className={classes.form}>
        <Warnings messages={elsewhere.map(({ message }) => message)} />
        <p className={classes.description}>{type?.description ?? (catalogue && texts.unknownType)}</p>
        {unasked.length > 0 && (
          <p className={classes.description} data-tone="warning">
            {texts.failsOn(decisionWords(unasked))}
          </p>
        )}
        <TextInput
          size="xs"
          label={texts.name}
          value={node.name ?? ''}
          placeholder={node.id}
          onChange={(event) => set('name', event.currentTarget.value || undefined)}
        />
        <IdField id={node.id} fault={shared.faultAt(['id'])} />
        {(asksAgent(node) || keys.length > 0) && (
          <section className={classes.section} aria-label={texts.settings}>
            {asksAgent(node) && <AgentFields {...shared} node={node} onChange={set} />}
            {keys.map(([key, schema]) => (
              <KeyField
                {...shared}
                key={key}
                name={key}
                node={node}
                schema={schema}
                skillInput={skillInput}
                flow={flow}
                required={type?.schema.required?.includes(key)}
                onChange={(value) => set(key, value)}
              />
            ))}
          </section>
        )}
        {catalogue && !type && <UnknownKeys {...shared} node={node} />}
        {catalogue && (takesAttempts || isJoin) && (
          <Reliability
            node={node}
            flow={flow}
            common={catalogue.common}
            isJoin={isJoin}
            takesAttempts={takesAttempts}
            onChange={set}
            {...shared}
          />
        )}
        <Textarea
          size="xs"
          label={texts.note}
          description={texts.noteDetail}
          value={typeof node.note === 'string' ? node.note : ''}
          autosize
          maxRows={6}
          maxLength={2_000}
          onChange={(event) => set('note', event.currentTarget.value || undefined)}
        />
        <Connections
          node={node}
          definition={definition}
          canBeUndone={type !== undefined && !type.traits.starts}
          undoFault={shared.faultAt(['compensate_with'])}
        />
        <ManyActions />
      </div>
    </ExpressionContext>
  );
}

/** Returns the input schema of the chosen skill, where it declares keys. */
function useSkillInput(node: FlowNode): Schema | undefined {
  const agents = useQuery({ ...agentChoicesQuery(), enabled: asksAgent(node) });
  const agent = agents.data?.find(({ id }) => id === node.agent_id);
  const schema = agent?.skill_definitions?.find(({ name }) => name === node[skillKeyOf(node)])?.input_schema;
  return schema?.properties && Object.keys(schema.properties).length > 0 ? { type: 'object', ...schema } : undefined;
}

/** A type that this server does not know: its keys as JSON. */
function UnknownKeys({
  node,
  ...shared
}: { node: FlowNode } & Pick<Parameters<typeof JsonField>[0], 'names' | 'faultAt' | 'warningsAt'>) {
  const store = useDraftStore();
  const { id, name, type, position, ...rest } = node;
  const change = (value: unknown) => {
    if (!isRecord(value)) return;
    const gone = Object.fromEntries(Object.keys(rest).map((key) => [key, undefined]));
    store.getState().apply(updateNode(id, { ...gone, ...value }), `node/${id}/json`);
  };
  return (
    <JsonField {...shared} title={texts.settings} schema={{}} value={rest} onChange={change} path={[]} templated />
  );
}
