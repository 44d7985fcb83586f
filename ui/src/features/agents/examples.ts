/** Inputs that are kept with a skill: the `examples` of its input schema, as JSON Schema has them. */
import type { Json } from '@/api/types';
import { isRecord, isSameJson, jsonText, parseJsonOr, writeJson } from '@/lib/json';
import { visible } from '@/lib/json-text';
import { own } from '@/lib/own';
import { texts } from './texts';

const LABEL_CHARS_MAX = 60;

/** Returns the examples of a schema, given as text. */
export function examplesOf(schema: string): readonly Json[] {
  const parsed = parseJsonOr(schema);
  const examples = isRecord(parsed) ? own(parsed, 'examples') : undefined;
  return Array.isArray(examples) ? (examples as readonly Json[]) : [];
}

/** Returns the text of the schema with a further example; `null` if it cannot have one, or has it. */
export function withExample(schema: string, example: Json): string | null {
  const parsed = schema.trim() === '' ? {} : parseJsonOr(schema);
  if (!isRecord(parsed)) return null;
  const examples = examplesOf(schema);
  if (examples.some((other) => isSameJson(other, example))) return null;
  return jsonText({ ...parsed, examples: [...examples, example] });
}

/** Returns inputs as options of a select, by their places. */
export function inputOptions(inputs: readonly Json[]): { value: string; label: string }[] {
  return inputs.map((input, at) => {
    const text = visible(writeJson(input));
    const short = text.length > LABEL_CHARS_MAX ? `${text.slice(0, LABEL_CHARS_MAX)}…` : text;
    return { value: String(at), label: texts.playground.nthInput(at + 1, short) };
  });
}
