/** Returns the text of an output that is nothing else: that of a skill without an output schema. */
export function loneText(output: unknown): string | null {
  if (typeof output !== 'object' || output === null || Object.keys(output).length !== 1) return null;
  const { text } = output as { text?: unknown };
  return typeof text === 'string' ? text : null;
}
