import { Button } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { Flow, FlowNode } from '@/api/types';
import { useMay } from '@/api/use-may';
import { JsonView } from '@/components/json-view';
import { ProblemCard } from '@/components/problem-card';
import { ReasonedButton } from '@/components/reasoned-button';
import { useBench, useBenchStore } from '../bench/bench-context';
import type { Step } from '../bench/chain';
import { readBy } from '../bench/read-by';
import { usePinLookup, usePins, valuesOf } from '../bench/use-pins';
import { useTests } from '../bench/use-testing';
import { nameOf } from '../document/definition';
import { useDraft, useDraftStore } from '../document/draft-context';
import { type NodeType, typeOf } from '../document/node-types';
import { nodeTypesQuery } from '../document/queries';
import classes from './node-test.module.css';
import { NodeTestResult, ResolvedInput, StepState } from './node-test-result';
import { Origin } from './origin';
import { PinEditor } from './pin-editor';
import { previewPrompt } from './preview-prompt';
import { PromptPreview } from './prompt-preview';
import { texts } from './texts';

interface OutputPaneProps {
  node: FlowNode;
  flow: Flow;
}

/** What a node gave when it was tested, or in the last execution; and what stands for it while others are tested. */
export function OutputPane({ node, flow }: OutputPaneProps) {
  const isInBody = useDraft((state) => state.inside.length > 0);
  const tested = useBench((state) => state.tests.get(node.id));
  if (isInBody) return <p className={classes.detail}>{texts.notAlone}</p>;
  return (
    <div className={classes.output}>
      <Outcome node={node} flow={flow} />
      <Pinned node={node} flow={flow} />
      {tested && <ResolvedInput result={tested} node={node} />}
      {node.type === 'agent' && <Prompt node={node} flowId={flow.id} />}
    </div>
  );
}

/** How the test of a node goes or went. */
function Outcome({ node, flow }: OutputPaneProps) {
  const step = useBench((state) => state.chain?.steps.get(node.id) ?? null);
  const tested = useBench((state) => state.tests.get(node.id));
  const { stop, retryNow } = useTests();
  const isBusy = isUnderWay(step);
  const type = typeOf(useQuery(nodeTypesQuery()).data?.types, node);
  return (
    <div aria-live="polite" className={classes.live}>
      {!step && !tested && <p className={classes.detail}>{detailOf(type)}</p>}
      {step && <StepState step={step} />}
      {isBusy && (
        <div className={classes.actions}>
          {step?.at === 'retrying' && (
            <Button size="compact-xs" variant="default" onClick={retryNow}>
              {texts.retryNow}
            </Button>
          )}
          <Button size="compact-xs" variant="default" onClick={stop}>
            {texts.stop}
          </Button>
        </div>
      )}
      {tested && !isBusy && <NodeTestResult result={tested} step={step} node={node} flow={flow} />}
    </div>
  );
}

export function isUnderWay(step: Step | null): boolean {
  return step?.at === 'running' || step?.at === 'retrying';
}

function detailOf(type: NodeType | undefined): string {
  if (type?.type === 'delay') return texts.delayDetail;
  const isCall = type?.traits.makes_calls && !type.traits.returns_input;
  return isCall ? texts.detail : texts.pureDetail;
}

const one = (id: string) => [id];

/** The value that stands for the output, which can be edited. */
function Pinned({ node, flow }: OutputPaneProps) {
  const store = useDraftStore();
  const bench = useBenchStore();
  const [names] = useState(() => one(node.id));
  const [pin] = usePins(flow.id, names).pins;
  const [isEdited, setEdited] = useState(false);
  if (!pin) return null;
  const title = texts.outputOf(nameOf(node));
  const change = (text: string) =>
    bench.getState().type(
      node.id,
      text,
      store.getState().present.nodes.find(({ id }) => id === node.id),
    );
  return (
    <div role="group" className={classes.pinned} aria-label={texts.outputOf(nameOf(node))}>
      <div className={classes.sourceHead}>
        <Origin pin={pin} />
        <Button
          size="compact-xs"
          variant="subtle"
          aria-label={isEdited ? undefined : texts.edit(title)}
          onClick={() => setEdited(!isEdited)}
        >
          {isEdited ? texts.done : texts.editShort}
        </Button>
      </div>
      {isEdited ? (
        <PinEditor pin={pin} title={title} onChange={change} onUnpin={() => bench.getState().unpin(node.id)} />
      ) : pin.reading ? (
        <JsonView value={pin.reading.value} fileName={`${node.id}-output.json`} />
      ) : (
        <p className={classes.detail}>{pin.text ? texts.notJson : `${texts.none} ${texts.noneOfNode}`}</p>
      )}
    </div>
  );
}

/** What the model of an agent would be sent. */
function Prompt({ node, flowId }: { node: FlowNode; flowId: string }) {
  const store = useDraftStore();
  const look = usePinLookup(flowId);
  const { why } = useMay('edit_flows');
  const preview = useMutation({
    mutationFn: async () => {
      const { present } = store.getState();
      const values = valuesOf(await look(readBy(present, node)));
      return previewPrompt({ flow_definition: present, node_id: node.id, ...values }, node);
    },
  });
  return (
    <div aria-live="polite" className={classes.live}>
      <div>
        <ReasonedButton
          size="compact-xs"
          variant="default"
          reason={why}
          loading={preview.isPending}
          onClick={() => preview.mutate()}
        >
          {texts.preview}
        </ReasonedButton>
      </div>
      {preview.isError && <ProblemCard problem={preview.error} />}
      {preview.data && <PromptPreview preview={preview.data} />}
    </div>
  );
}
