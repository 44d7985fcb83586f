/** The lines that differ between two texts, with what is around them. */

export interface Line {
  kind: 'same' | 'removed' | 'added';
  text: string;
}

/** Compared line by line up to so many pairs of lines; beyond that, all of the one is replaced by all of the other. */
const PAIRS_MAX = 250_000;
/** Lines without a change that are shown beside one. */
const AROUND = 2;

/** Returns the lines of both texts in order; a longest sequence of common lines is `same`. */
export function diffOfLines(before: string, after: string): Line[] {
  const old = before.split('\n');
  const now = after.split('\n');
  let start = 0;
  while (start < old.length && start < now.length && old[start] === now[start]) start += 1;
  let end = 0;
  const rest = Math.min(old.length, now.length) - start;
  while (end < rest && old[old.length - 1 - end] === now[now.length - 1 - end]) end += 1;
  return [
    ...marked('same', old.slice(0, start)),
    ...diffOfMiddle(old.slice(start, old.length - end), now.slice(start, now.length - end)),
    ...marked('same', old.slice(old.length - end)),
  ];
}

/** Returns the changed lines with those around them; `null` stands for the lines between. */
export function excerptOf(lines: readonly Line[]): (Line | null)[] {
  const isNear = (at: number) => lines.slice(Math.max(0, at - AROUND), at + AROUND + 1).some(isChanged);
  return lines.flatMap((line, at) => {
    if (isNear(at)) return [line];
    return at === 0 || isNear(at - 1) ? [null] : [];
  });
}

function isChanged({ kind }: Line): boolean {
  return kind !== 'same';
}

function marked(kind: Line['kind'], texts: readonly string[]): Line[] {
  return texts.map((text) => ({ kind, text }));
}

function diffOfMiddle(old: readonly string[], now: readonly string[]): Line[] {
  if (old.length * now.length > PAIRS_MAX) return [...marked('removed', old), ...marked('added', now)];
  const common = commonLengths(old, now);
  const lengthAt = (at: number, to: number) => common[at * (now.length + 1) + to] ?? 0;
  const lines: Line[] = [];
  let [at, to] = [0, 0];
  while (at < old.length || to < now.length) {
    const [was, is] = [old[at], now[to]];
    if (was !== undefined && was === is) {
      lines.push({ kind: 'same', text: was });
      at += 1;
      to += 1;
    } else if (was !== undefined && (is === undefined || lengthAt(at + 1, to) >= lengthAt(at, to + 1))) {
      lines.push({ kind: 'removed', text: was });
      at += 1;
    } else {
      lines.push({ kind: 'added', text: is ?? '' });
      to += 1;
    }
  }
  return lines;
}

/** For each pair of places, how many lines the texts have in common from there on. */
function commonLengths(old: readonly string[], now: readonly string[]): Uint32Array {
  const width = now.length + 1;
  const common = new Uint32Array((old.length + 1) * width);
  for (let at = old.length - 1; at >= 0; at -= 1) {
    for (let to = now.length - 1; to >= 0; to -= 1) {
      const below = common[(at + 1) * width + to] ?? 0;
      const beside = common[at * width + to + 1] ?? 0;
      const diagonal = common[(at + 1) * width + to + 1] ?? 0;
      common[at * width + to] = old[at] === now[to] ? diagonal + 1 : Math.max(below, beside);
    }
  }
  return common;
}
