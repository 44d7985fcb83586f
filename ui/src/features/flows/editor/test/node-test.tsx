import { Button } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import type { NodeTestBody } from '@/api/flows';
import type { FlowNode } from '@/api/types';
import { useMay } from '@/api/use-may';
import { ProblemCard } from '@/components/problem-card';
import { ReasonedButton } from '@/components/reasoned-button';
import { nameOf, nodeById } from '../document/definition';
import { useDraft, useDraftStore } from '../document/draft-context';
import { type NodeType, typeOf } from '../document/node-types';
import { nodeTypesQuery } from '../document/queries';
import classes from './node-test.module.css';
import { NodeTestResult } from './node-test-result';
import { PinField } from './pin-field';
import { TRIGGER } from './pins';
import { previewPrompt } from './preview-prompt';
import { PromptPreview } from './prompt-preview';
import { readBy } from './read-by';
import { texts } from './texts';
import { useNodeTest } from './use-node-test';
import { type Pin, usePins } from './use-pins';

/** Runs one attempt of a node with pinned values in place of other nodes' outputs. */
export function NodeTest({ node, flowId }: { node: FlowNode; flowId: string }) {
  const store = useDraftStore();
  const definition = useDraft((state) => state.present);
  const type = typeOf(useQuery(nodeTypesQuery()).data?.types, node);
  const names = useMemo(() => readBy(definition, node), [definition, node]);
  const { pins, isLoading, set, unpin } = usePins(flowId, names);
  const { test, isCancelled, cancel } = useNodeTest();

  const titleOf = (name: string) => {
    if (name === TRIGGER) return texts.trigger;
    const other = nodeById(definition, name);
    return texts.output(other ? nameOf(other) : name);
  };
  const broken = pins.find(({ reading }) => !reading);
  const { why } = useMay('edit_flows');
  const unfit = broken ? texts.whyNot(titleOf(broken.name)) : isLoading ? texts.loading : null;
  const reason = why ?? unfit;
  const preview = useMutation({ mutationFn: (asked: NodeTestBody) => previewPrompt(asked, node) });
  // The newest document: what is rendered may lag behind it.
  const body = () => ({ flow_definition: store.getState().present, node_id: node.id, ...valuesOf(pins) });

  return (
    <section className={classes.test} aria-label={texts.label}>
      <p className={classes.detail}>{detailOf(type)}</p>
      {names.length === 0 && <p className={classes.detail}>{texts.noPins}</p>}
      {pins.map((pin) => (
        <PinField
          key={pin.name}
          pin={pin}
          title={titleOf(pin.name)}
          isLoading={isLoading}
          onChange={(text) => set(pin.name, text)}
          onUnpin={() => unpin(pin.name)}
        />
      ))}
      <div className={classes.actions}>
        <ReasonedButton size="sm" reason={reason} loading={test.isPending} onClick={() => test.mutate(body())}>
          {texts.run}
        </ReasonedButton>
        {node.type === 'agent' && (
          <ReasonedButton
            size="sm"
            variant="default"
            reason={reason}
            loading={preview.isPending}
            onClick={() => preview.mutate(body())}
          >
            {texts.preview}
          </ReasonedButton>
        )}
        {test.isPending && (
          <Button size="sm" variant="default" onClick={cancel}>
            {texts.cancel}
          </Button>
        )}
      </div>
      <div aria-live="polite">
        {preview.isError && <ProblemCard problem={preview.error} />}
        {preview.data && <PromptPreview preview={preview.data} />}
      </div>
      <div aria-live="polite">
        {test.isPending && <p className={classes.detail}>{texts.running}</p>}
        {isCancelled && <p className={classes.detail}>{texts.cancelled}</p>}
        {test.isError && !isCancelled && <ProblemCard problem={test.error} />}
        {test.data && <NodeTestResult result={test.data} nodeId={node.id} />}
      </div>
    </section>
  );
}

function detailOf(type: NodeType | undefined): string {
  if (type?.type === 'delay') return texts.delayDetail;
  const isCall = type?.traits.makes_calls && !type.traits.returns_input;
  return isCall ? texts.detail : texts.pureDetail;
}

function valuesOf(pins: readonly Pin[]): { trigger_data?: unknown; outputs: Record<string, unknown> } {
  const values = pins.flatMap(({ name, reading }) => (reading ? [[name, reading.value] as const] : []));
  const trigger = values.find(([name]) => name === TRIGGER);
  const outputs = Object.fromEntries(values.filter(([name]) => name !== TRIGGER));
  return { ...(trigger && { trigger_data: trigger[1] }), outputs };
}
