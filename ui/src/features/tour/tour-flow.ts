/** The flow of the tour: it fails when it is run, and completes when it is retried. */
import type { FlowInput } from '@/api/types';
import { texts } from './texts';

/** `demo` is the address of the demo service, which answers at the third call; `null` where there is none. */
export function tourFlow(demo: string | null, key: string): FlowInput {
  // biome-ignore-start lint/suspicious/noTemplateCurlyInString: templates of flows.
  const call = demo
    ? { type: 'action', action: 'http_request', input: { url: `${demo}/fails-twice/tour-${key}` } }
    : {
        type: 'action',
        action: 'transform',
        input: { answer: "${'ready' if execution.retry_of else trigger_data.not_there.yet}" },
      };
  return {
    ...texts.flow,
    status: 'active',
    retry_on_failure: true,
    retry_count: 1,
    flow_definition: {
      nodes: [
        { id: 'start', name: texts.nodes.start, type: 'trigger', position: { x: 0, y: 0 } },
        { id: 'call', name: texts.nodes.call, ...call, position: { x: 260, y: 0 } },
        {
          id: 'report',
          name: texts.nodes.report,
          type: 'action',
          action: 'transform',
          input: { result: '${call}' },
          position: { x: 520, y: 0 },
        },
      ],
      edges: [
        { from: 'start', to: 'call' },
        { from: 'call', to: 'report' },
      ],
    },
  } as unknown as FlowInput;
  // biome-ignore-end lint/suspicious/noTemplateCurlyInString: see above.
}
