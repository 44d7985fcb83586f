/** Values of executions that are too long for an answer: the API shows their beginning, and has the whole elsewhere. */
import { isRecord } from '@/lib/json';
import { call } from './client';

/** The beginning of a long value. */
export interface Preview {
  /** The length of the whole, as JSON text. */
  bytes: number;
  /** The first characters of the JSON text; there may be none. */
  text: string;
  execution: string;
  /** Which value of the execution, or of one of its nodes. */
  of:
    | 'trigger-data'
    | 'result'
    | 'item'
    | 'last'
    | { approval: string; part: 'arguments' | 'form' }
    | { node: string; part: 'input' | 'output' }
    | { node: string; step: number; part: StepPart };
}

/** A value of a call of an agent. */
type StepPart = 'input' | 'instructions' | 'text' | 'thinking' | 'output' | 'response';

const PLACE =
  /^\/api\/v1\/studio\/executions\/([0-9a-f-]{36})\/(?:(trigger-data|result|item|last)|nodes\/([^/?#]+)\/(?:(input|output)|steps\/(\d{1,9})\/(input|instructions|text|thinking|output|response)))$/;

/** A part of an approval, whose id begins with that of its execution. */
const APPROVAL = /^\/api\/v1\/studio\/approvals\/(([0-9a-f-]{36})(?::|%3A)[^/?#]+)\/(arguments|form)$/i;

/** Values that were read whole, so that they are no previews, whatever they look like. */
const whole = new WeakSet<object>();

/** Notes that a value is whole. Data that comes from a model or a caller may look like a preview, to show something else. */
export function asWhole<T>(value: T): T {
  if (typeof value === 'object' && value !== null) whole.add(value);
  return value;
}

/**
 * Returns the preview in the place of a value, or `null` where the value is whole. The API shows no value as it is that only
 * looks like a preview; what is inside a value is never one.
 */
export function previewOf(value: unknown): Preview | null {
  const shown = isRecord(value) && !whole.has(value) ? value.$preview : null;
  if (!isRecord(shown) || typeof shown.bytes !== 'number' || typeof shown.text !== 'string') return null;
  // A value that only looks like a preview can name any address: just those of values are used.
  const href = typeof shown.href === 'string' ? shown.href : '';
  const asked = APPROVAL.exec(href);
  if (asked?.[1] && asked[2]) {
    return {
      bytes: shown.bytes,
      text: shown.text,
      execution: asked[2],
      of: { approval: decodeURIComponent(asked[1]), part: asked[3] === 'form' ? 'form' : 'arguments' },
    };
  }
  const place = PLACE.exec(href);
  const [, execution, own, id, part, step, stepPart] = place ?? [];
  if (!execution) return null;
  const node = decodeURIComponent(id ?? '');
  const of = own ?? (part ? { node, part } : { node, step: Number(step), part: stepPart });
  return { bytes: shown.bytes, text: shown.text, execution, of: of as Preview['of'] };
}

/** Returns the whole value. Queries of it do not share the structure of what they had before, which would lose that it is whole. */
export async function wholeValue(preview: Preview): Promise<unknown> {
  return asWhole(await read(preview));
}

async function read({ execution: id, of }: Preview): Promise<unknown> {
  if (of === 'trigger-data') return (await call('GET', '/studio/executions/{id}/trigger-data', { path: { id } })).data;
  if (of === 'item') return (await call('GET', '/studio/executions/{id}/item', { path: { id } })).data;
  if (of === 'last') return (await call('GET', '/studio/executions/{id}/last', { path: { id } })).data;
  if (of === 'result') return (await call('GET', '/studio/executions/{id}/result', { path: { id } })).data;
  if ('approval' in of) {
    const approval = { path: { id: of.approval } };
    if (of.part === 'form') return (await call('GET', '/studio/approvals/{id}/form', approval)).data;
    return (await call('GET', '/studio/approvals/{id}/arguments', approval)).data;
  }
  const path = { id, node_id: of.node };
  if ('step' in of) {
    const step = { ...path, number: of.step, part: of.part };
    return (await call('GET', '/studio/executions/{id}/nodes/{node_id}/steps/{number}/{part}', { path: step })).data;
  }
  if (of.part === 'input') return (await call('GET', '/studio/executions/{id}/nodes/{node_id}/input', { path })).data;
  return (await call('GET', '/studio/executions/{id}/nodes/{node_id}/output', { path })).data;
}
