/** Templates for new flows, ready to run. */
import { IconFile, IconGitBranch, IconUserQuestion, IconWorldBolt } from '@tabler/icons-react';
import type { ComponentType } from 'react';
import type { FlowDocument } from './flow-document';

export interface Starter {
  id: string;
  label: string;
  detail: string;
  icon: ComponentType<{ size?: number | string; stroke?: number; 'aria-hidden'?: boolean }>;
  document: FlowDocument;
}

const at = (x: number, y = 0) => ({ x: x * 260, y: y * 120 });

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: templates of flows.
export const STARTERS: readonly Starter[] = [
  {
    id: 'empty',
    label: 'Empty',
    detail: 'Just a trigger.',
    icon: IconFile,
    document: {
      flow_definition: { nodes: [{ id: 'start', name: 'Start', type: 'trigger', position: at(0) }], edges: [] },
    },
  },
  {
    id: 'call',
    label: 'HTTP call with retries',
    detail: 'Calls a URL, waits 1, 2 and 4 s between attempts, and transforms the response.',
    icon: IconWorldBolt,
    document: {
      retry_on_failure: true,
      retry_count: 3,
      timeout_seconds: 60,
      flow_definition: {
        nodes: [
          { id: 'start', name: 'Start', type: 'trigger', position: at(0) },
          {
            id: 'fetch',
            name: 'Call',
            type: 'action',
            action: 'http_request',
            input: { method: 'GET', url: 'https://example.com/' },
            timeout_seconds: 10,
            position: at(1),
          },
          {
            id: 'report',
            name: 'Report',
            type: 'action',
            action: 'transform',
            input: { status: '${fetch.status}' },
            position: at(2),
          },
        ],
        edges: [
          { from: 'start', to: 'fetch' },
          { from: 'fetch', to: 'report' },
        ],
      },
    },
  },
  {
    id: 'branch',
    label: 'Check and branch',
    detail: 'Reads a risk score from the trigger data and takes one of two branches.',
    icon: IconGitBranch,
    document: {
      flow_definition: {
        nodes: [
          { id: 'start', name: 'Start', type: 'trigger', position: at(0) },
          {
            id: 'risky',
            name: 'Is it risky?',
            type: 'condition',
            condition: 'trigger_data.risk > 70',
            position: at(1),
          },
          {
            id: 'refuse',
            name: 'Refuse',
            type: 'action',
            action: 'transform',
            input: { decision: 'refused', risk: '${trigger_data.risk}' },
            position: at(2, -0.6),
          },
          {
            id: 'accept',
            name: 'Accept',
            type: 'action',
            action: 'transform',
            input: { decision: 'accepted', risk: '${trigger_data.risk}' },
            position: at(2, 0.6),
          },
        ],
        edges: [
          { from: 'start', to: 'risky' },
          { from: 'risky', to: 'refuse', condition: true },
          { from: 'risky', to: 'accept', condition: false },
        ],
      },
    },
  },
  {
    id: 'ask',
    label: 'Ask before failing',
    detail: 'Waits for a person’s decision after all attempts have failed.',
    icon: IconUserQuestion,
    document: {
      retry_on_failure: true,
      retry_count: 2,
      flow_definition: {
        nodes: [
          { id: 'start', name: 'Start', type: 'trigger', position: at(0) },
          {
            id: 'book',
            name: 'Book',
            type: 'action',
            action: 'http_request',
            input: { method: 'POST', url: 'https://example.com/book', body: '${trigger_data}' },
            on_exhausted: 'ask',
            position: at(1),
          },
        ],
        edges: [{ from: 'start', to: 'book' }],
      },
    },
  },
];
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: see above.
