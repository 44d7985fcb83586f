// biome-ignore-all lint/suspicious/noTemplateCurlyInString: templates of flows.
import { expect, it } from 'vitest';
import { inserted, insertedInJson } from './insertion';

const at = (text: string) => ({ before: text.indexOf('|'), text: text.replace('|', '') });

function put(text: string, path: string, isBare = false): string {
  const place = at(text);
  const { text: next, caret } = inserted(place.text, place.before, place.before, path, isBare);
  return `${next.slice(0, caret)}|${next.slice(caret)}`;
}

function putInJson(text: string, path: string): string {
  const place = at(text);
  const { text: next, caret } = insertedInJson(place.text, place.before, place.before, path);
  return `${next.slice(0, caret)}|${next.slice(caret)}`;
}

it('inserts a template, or only the path inside of an expression', () => {
  expect(put('Risk: |!', 'score.risk')).toBe('Risk: ${score.risk}|!');
  expect(put('${1 + |}', 'score.risk')).toBe('${1 + score.risk|}');
  expect(put('${a} |', 'score.risk')).toBe('${a} ${score.risk}|');
  expect(put('$${ |', 'score.risk')).toBe('$${ ${score.risk}|');
  expect(put('| > 70', 'score.risk', true)).toBe('score.risk| > 70');
  expect(inserted('abc', 1, 2, 'x', false)).toEqual({ text: 'a${x}c', caret: 5 });
});

it('inserts into JSON as a string, and escapes inside of one', () => {
  expect(putInJson('{"a": |}', 'score.risk')).toBe('{"a": "${score.risk}|"}');
  expect(putInJson('{"a": "Of |"}', 'nodes["x-y"].output')).toBe(
    String.raw`{"a": "Of ${'${'}nodes[\"x-y\"].output}|"}`,
  );
  expect(putInJson(String.raw`{"a\"b": "${'${'}1 + |}"}`, 'b["c d"]')).toBe(
    String.raw`{"a\"b": "${'${'}1 + b[\"c d\"]|}"}`,
  );
});
