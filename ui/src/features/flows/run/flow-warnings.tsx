import { warningsOf } from '@/api/flows';
import type { Flow } from '@/api/types';
import { Warnings } from '@/components/warnings';
import classes from './run.module.css';
import { texts } from './texts';

/** The warnings about a flow before it is run; nothing without any. */
export function FlowWarnings({ flow }: { flow: Flow }) {
  const warnings = warningsOf(flow);
  if (warnings.length === 0) return null;
  const messages = warnings.map(({ pointer, detail }) => `${placeOf(pointer, flow)}: ${detail}`);
  return (
    <details className={classes.warnings} data-tone="warning" open={messages.length <= OPEN_MAX}>
      <summary>{texts.warnings(messages.length)}</summary>
      <Warnings messages={messages} />
    </details>
  );
}

/** With more, the list would push the form away. */
const OPEN_MAX = 3;

/** Returns the name of the node that a JSON pointer leads into, else the flow's. */
function placeOf(pointer: string, flow: Flow): string {
  const [, list, at] = pointer.split('/').slice(1);
  const node = list === 'nodes' ? flow.flow_definition.nodes[Number(at)] : undefined;
  return node ? node.name || node.id : flow.name;
}
