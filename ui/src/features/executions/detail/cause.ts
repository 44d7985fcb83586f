/** What messages begin with that say which node failed, by its name and, where it differs, its id, and how often. */
const WHERE = /^Node `(.+?)`(?: \([^\n]*?\))? failed(?: after \d+ attempts?)?:\s*/;

const ATTEMPT = /^Attempt \d+: /;

/** The node and its last error: they fit into a line in which the whole message would be cut off before the error. */
export function causeOf(text: string): string {
  const [where, name] = WHERE.exec(text) ?? [''];
  const lines = text.slice(where.length).split('\n');
  const last = lines.findLast((line) => ATTEMPT.test(line))?.replace(ATTEMPT, '');
  if (where) return `${name}: ${last ?? lines[0]}`;
  return last === undefined ? text : `${lines[0]} ${last}`;
}
