import { expect, it } from 'vitest';
import type { AuditEntry } from '@/api/audit';
import { resultOf, rowsOf } from './rows';
import { idText, targetOf } from './target';

const ENTRY: AuditEntry = {
  number: 1,
  at: '2026-11-30T09:00:00Z',
  by: { type: 'user', id: 'ann@example.org' },
  address: '192.0.2.7',
  action: 'create_flow',
  target: '/api/v1/studio/flows',
  outcome_of: null,
  status: null,
  made: null,
  refusals: null,
  hash: '0',
};
const FLOW = '01900000-0000-7000-8000-0000000000f1';

it('puts what came of a request beside it, whatever was in between', () => {
  const made = `/api/v1/studio/flows/${FLOW}`;
  const rows = rowsOf([
    { ...ENTRY, number: 5, status: 403, refusals: 3 },
    { ...ENTRY, number: 4, outcome_of: 1, status: 201, made },
    { ...ENTRY, number: 3, outcome_of: 2, status: 422 },
    { ...ENTRY, number: 2 },
    { ...ENTRY, number: 1 },
    { ...ENTRY, number: 0 },
  ]);

  expect(rows.map(({ request, status, made: path }) => [request.number, status, path])).toEqual([
    [5, 403, null],
    [2, 422, null],
    [1, 201, made],
    [0, null, null],
  ]);
  expect(rows.map(({ status }) => resultOf(status))).toEqual(['refused', 'refused', 'done', 'unknown']);
  expect(resultOf(503)).toBe('failed');
});

it('leads to what an entry is about', () => {
  const of = (path: string) => targetOf(`/api/v1/${path}`);

  expect(of(`studio/flows/${FLOW}/activate`)).toEqual({
    kind: 'Flow',
    id: FLOW,
    place: { to: '/flows/$flowId', params: { flowId: FLOW } },
  });
  expect(of(`studio/flows/templates/${FLOW}/instantiate`).id).toBe(FLOW);
  expect(of(`studio/approvals/${FLOW}%3Aok`).place).toEqual({
    to: '/executions/$executionId',
    params: { executionId: FLOW },
  });
  expect(of('studio/secrets/KEY')).toEqual({ kind: 'Secret', id: 'KEY', place: { to: '/secrets' } });
  expect(of('studio/account/password')).toEqual({ kind: 'Own account', id: null, place: null });
  expect(of('studio/account/keys/k1')).toEqual({ kind: 'API key', id: 'k1', place: { to: '/keys' } });
  expect(of('decisions/{token}')).toEqual({ kind: 'Link to decide with', id: null, place: null });
  expect(of('studio/flows').place).toBeNull();
  expect(of('studio/flows/{id}')).toEqual({ kind: 'Flow', id: null, place: null });
  expect(of('studio/constructor/1').kind).toBe('/api/v1/studio/constructor/1');
  expect(of('studio/secrets/%').id).toBe('%');
  expect([idText(FLOW), idText('KEY')]).toEqual(['…000000f1', 'KEY']);
});
