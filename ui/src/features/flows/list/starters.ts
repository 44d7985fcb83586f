/** Templates for new flows, ready to run. */
import { IconFile, IconGitBranch, IconUserQuestion, IconWorldBolt } from '@tabler/icons-react';
import type { ComponentType } from 'react';
import type { FlowDocument } from './flow-document';
import { texts } from './starter-texts';

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
    label: texts.empty.label,
    detail: texts.empty.detail,
    icon: IconFile,
    document: {
      flow_definition: {
        nodes: [{ id: 'start', name: texts.nodes.start, type: 'trigger', position: at(0) }],
        edges: [],
      },
    },
  },
  {
    id: 'call',
    label: texts.call.label,
    detail: texts.call.detail,
    icon: IconWorldBolt,
    document: {
      retry_on_failure: true,
      retry_count: 3,
      timeout_seconds: 60,
      flow_definition: {
        nodes: [
          { id: 'start', name: texts.nodes.start, type: 'trigger', position: at(0) },
          {
            id: 'fetch',
            name: texts.nodes.fetch,
            type: 'action',
            action: 'http_request',
            input: { method: 'GET', url: 'https://example.com/' },
            timeout_seconds: 10,
            position: at(1),
          },
          {
            id: 'report',
            name: texts.nodes.report,
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
    label: texts.branch.label,
    detail: texts.branch.detail,
    icon: IconGitBranch,
    document: {
      flow_definition: {
        nodes: [
          { id: 'start', name: texts.nodes.start, type: 'trigger', position: at(0) },
          {
            id: 'risky',
            name: texts.nodes.risky,
            type: 'condition',
            condition: 'trigger_data.risk > 70',
            position: at(1),
          },
          {
            id: 'refuse',
            name: texts.nodes.refuse,
            type: 'action',
            action: 'transform',
            input: { decision: 'refused', risk: '${trigger_data.risk}' },
            position: at(2, -0.6),
          },
          {
            id: 'accept',
            name: texts.nodes.accept,
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
    label: texts.ask.label,
    detail: texts.ask.detail,
    icon: IconUserQuestion,
    document: {
      retry_on_failure: true,
      retry_count: 2,
      flow_definition: {
        nodes: [
          { id: 'start', name: texts.nodes.start, type: 'trigger', position: at(0) },
          {
            id: 'book',
            name: texts.nodes.book,
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
