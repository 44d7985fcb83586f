/** Returns an object with this value; keys that a form does not know are kept, in their order. */
export function withValue(object: object, key: string, value: unknown): Record<string, unknown> {
  const { [key]: _old, ...others } = object as Record<string, unknown>;
  return value === undefined ? others : { ...object, [key]: value };
}
