import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { diffOfLines, excerptOf } from './line-diff';

const shown = (before: string, after: string) =>
  excerptOf(diffOfLines(before, after)).map((line) =>
    line ? `${{ same: ' ', removed: '-', added: '+' }[line.kind]}${line.text}` : '…',
  );

describe('the lines that differ', () => {
  test('are shown with those around them', () => {
    expect(shown('1\n2\n3\n4\n5\n6\n7', '1\n2\n3\n4\nfive\n6\n7')).toEqual([
      '…',
      ' 3',
      ' 4',
      '-5',
      '+five',
      ' 6',
      ' 7',
    ]);
    expect(shown('a', 'a\nb')).toEqual([' a', '+b']);
    expect(shown('', 'x')).toEqual(['-', '+x']);
  });

  test('make each text of the other, whatever they are', () => {
    const text = fc.array(fc.constantFrom('a', 'b', 'c', '', '\r'), { maxLength: 12 }).map((lines) => lines.join('\n'));
    fc.assert(
      fc.property(text, text, (before, after) => {
        const lines = diffOfLines(before, after);
        const without = (kind: string) =>
          lines
            .filter((line) => line.kind !== kind)
            .map((line) => line.text)
            .join('\n');
        expect([without('added'), without('removed')]).toEqual([before, after]);
      }),
    );
  });

  test('of texts that are too long to compare are all of them', () => {
    const many = (word: string) => Array.from({ length: 600 }, (_, at) => `${word} ${at}`).join('\n');

    const lines = diffOfLines(`same\n${many('a')}`, `same\n${many('b')}`);

    expect(lines.filter(({ kind }) => kind === 'removed')).toHaveLength(600);
    expect(lines[0]?.kind).toBe('same');
  });
});
