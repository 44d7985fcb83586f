import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { pictureOf } from '@/components/flow-picture-shape';
import { isRecord } from '@/lib/json';
import { templateOf } from './templates';

const read = (id: string) =>
  readFileSync(fileURLToPath(new URL(`../../../../../examples/${id}.json`, import.meta.url)), 'utf8');

test.each(['router', 'research-agent', 'order-saga', 'nightly-batch', 'refund'])('%s is a template', (id) => {
  const text = read(id);

  const here = templateOf({ id, use: id }, text, 'http://127.0.0.1:8080/demo/peer');
  const elsewhere = templateOf({ id, use: id }, text, null);

  expect(here.needs).toEqual([]);
  expect(JSON.stringify(here.document)).not.toContain('demo-peer');
  expect(here.document).not.toHaveProperty('category');
  expect(here.name).not.toBe('undefined');
  expect(elsewhere.needs.length).toBeGreaterThan(0);
  expect(JSON.stringify(elsewhere.document)).not.toContain('demo-peer');
});

test('the picture of a flow has each node and each edge, within its frame', () => {
  const { document } = templateOf({ id: 'router', use: 'Router' }, read('router'), null);
  const definition = document.flow_definition;

  const { nodes, edges, width, height } = pictureOf(definition);

  expect(isRecord(definition) && Array.isArray(definition.nodes) && definition.nodes.length).toBe(nodes.length);
  expect(edges.length).toBeGreaterThan(nodes.length - 2);
  for (const node of nodes) {
    expect(node.x >= 0 && node.y >= 0 && node.x + node.width <= width && node.y + node.height <= height).toBe(true);
  }
});
