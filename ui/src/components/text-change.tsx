import { visible } from '@/lib/json-text';
import { diffOfLines, excerptOf, type Line } from '@/lib/line-diff';
import { texts } from '@/lib/texts';
import classes from './changes.module.css';

const SIGNS = { same: '', removed: '−', added: '+' } as const;

/** The changed lines of a text, with those around them. */
export function TextChange({ before, after }: { before: string; after: string }) {
  const lines = excerptOf(diffOfLines(before, after)).map((line, number) => ({ line, number }));
  return (
    <ol className={classes.lines}>
      {lines.map(({ line, number }) => (
        <li key={number} className={classes.line} data-kind={line?.kind}>
          {line ? <ChangedLine line={line} /> : <span className={classes.gap}>⋯</span>}
        </li>
      ))}
    </ol>
  );
}

function ChangedLine({ line: { kind, text } }: { line: Line }) {
  return (
    <>
      <span aria-hidden className={classes.sign}>
        {SIGNS[kind]}
      </span>
      {kind !== 'same' && <span className="visually-hidden">{texts.changes.kinds[kind]}: </span>}
      <span className={classes.lineText}>{visible(text) || ' '}</span>
    </>
  );
}
