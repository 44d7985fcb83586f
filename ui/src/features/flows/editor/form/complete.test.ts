// biome-ignore-all lint/suspicious/noTemplateCurlyInString: templates of flows.
import { describe, expect, it } from 'vitest';
import { complete, type TextKind } from './complete';

const NAMES = ['fetch', 'fetch.body', 'nodes["get-it"].output', 'trigger_data', 'score.risk_level'].map((name) => ({
  name,
  detail: '',
}));
const found = (text: string, kind: TextKind = 'template') =>
  complete(text, text.length, NAMES, kind)?.choices.map(({ name }) => name) ?? null;

describe('completion', () => {
  it('offers all values and functions at the start of an expression', () => {
    expect(found('risk: ${')).toEqual([...NAMES.map(({ name }) => name), 'now()', 'uuid()']);
    expect(found('', 'bare')).toHaveLength(7);
  });

  it('offers nothing outside of templates, nor inside of texts', () => {
    expect(found('fet')).toBeNull();
    expect(found('${fetch} fet')).toBeNull();
    expect(found("${fetch.body == 'fet")).toBeNull();
    expect(found('fetch.body == "fet', 'bare')).toBeNull();
  });

  it('replaces the word from its beginning, dots and brackets included', () => {
    expect(found('${1 + fetch.')).toEqual(['fetch.body']);
    expect(found('nodes["get', 'bare')).toEqual(['nodes["get-it"].output']);
    expect(complete('${ 1 + fe', 9, NAMES, 'template')?.from).toBe(7);
  });

  it('finds a field by its own name', () => {
    expect(found('${bod')).toEqual(['fetch.body']);
    expect(found('${level')).toEqual(['score.risk_level']);
    expect(found('${get')).toEqual(['nodes["get-it"].output']);
  });

  it('offers nothing when the word is complete', () => {
    expect(found('${trigger_data')).toBeNull();
  });

  it('offers filters behind a bar and tests behind is', () => {
    expect(found('${fetch.body | rou')).toEqual(['round']);
    expect(complete('fetch|', 6, NAMES, 'bare')?.choices[0]).toMatchObject({
      name: 'default',
      insert: 'default()',
      behind: 1,
    });
    expect(found('${fetch.body is not def')).toEqual(['defined']);
  });

  it('reads the escaped quotes of JSON', () => {
    const text = String.raw`{"a": "${'${'}nodes[\"ge`;

    expect(found(text, 'json')).toEqual(['nodes["get-it"].output']);
    expect(complete(text, text.length, NAMES, 'json')?.from).toBe(text.indexOf('nodes'));
  });
});
