import { describe, expect, it } from 'vitest';
import { complete } from './complete';

const NAMES = ['fetch', 'fetch.body', 'nodes["get-it"].output', 'trigger_data'].map((name) => ({ name, detail: '' }));
const found = (text: string, isBare = false) =>
  complete(text, text.length, NAMES, isBare)?.choices.map(({ name }) => name) ?? null;

describe('completion', () => {
  it('offers everything at the start of an expression', () => {
    expect(found(`risk: \${`)).toHaveLength(4);
    expect(found('', true)).toHaveLength(4);
  });

  it('offers nothing outside of templates', () => {
    expect(found('fet')).toBeNull();
    expect(found(`\${fetch} fet`)).toBeNull();
  });

  it('replaces the word from its beginning, dots and brackets included', () => {
    expect(found(`\${1 + fetch.`)).toEqual(['fetch.body']);
    expect(found('nodes["get', true)).toEqual(['nodes["get-it"].output']);
    expect(complete(`\${ 1 + fe`, 9, NAMES, false)?.from).toBe(7);
  });

  it('offers nothing when the word is complete', () => {
    expect(found(`\${trigger_data`)).toBeNull();
  });
});
