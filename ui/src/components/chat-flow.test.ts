import { describe, expect, test } from 'vitest';
import type { Flow } from '@/api/types';
import { chatOf, conversationIn } from './chat-flow';

const CONTEXT = '$' + '{context.id}';
const OTHER = '$' + '{trigger_data.who}';

const flow = (session: unknown, reads: string[] = ['message']) =>
  ({
    flow_definition: { nodes: [{ id: 'reply', type: 'agent', agent_id: 'agent-1', session }], edges: [] },
    trigger_input: { fields: [{ path: reads, type: 'text', used_by: [] }] },
  }) as unknown as Flow;

function sessionOf(session: unknown): string {
  const chat = chatOf(flow(session));
  return typeof chat === 'string' ? chat : chat.sessionOf('c-1');
}

describe('a flow is a chat', () => {
  test('if an agent answers in a session of each conversation', () => {
    expect(chatOf(flow(CONTEXT))).toMatchObject({ nodeId: 'reply', agentId: 'agent-1' });
    expect(sessionOf(CONTEXT)).toBe('c-1');
    expect(sessionOf({ key: `support-${CONTEXT}`, when_busy: 'interrupt' })).toBe('support-c-1');
    expect(sessionOf(`$${'{ context.id }'}/${CONTEXT}`)).toBe('c-1/c-1');
  });

  test('and not if conversations cannot be told apart, or their keys not be known', () => {
    expect([sessionOf(undefined), sessionOf(''), sessionOf({ key: 5 })]).toEqual(Array(3).fill('noSession'));
    for (const key of ['one for all', OTHER, `${CONTEXT}-${OTHER}`, `$${CONTEXT}`]) {
      expect(sessionOf(key), key).toBe('otherKey');
    }
  });

  test('and not if nothing reads the message', () => {
    expect(chatOf(flow(CONTEXT, ['question']))).toBe('noMessage');
    expect(chatOf(flow(CONTEXT, ['message', 'text']))).toBe('noMessage');
  });
});

test('a conversation has a name that a page has made', () => {
  const id = '0b1a2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d';

  expect(conversationIn(id)).toBe(id);
  expect(['..', '', 'a/b', 'x'.repeat(65), undefined].map(conversationIn)).toEqual(Array(5).fill(undefined));
});
