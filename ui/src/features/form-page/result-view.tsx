import { LongText } from '@/components/conversation/long-text';
import { ValueView } from '@/components/value-view';
import { visible } from '@/lib/json-text';
import classes from './form-page.module.css';
import { type Shape, shapeOf } from './shape';
import { texts } from './texts';

/** The result of an execution: text, a list of values, a table, or JSON. Markdown and HTML in it stay text. */
export function ResultView({ value }: { value: unknown }) {
  const shape = shapeOf(value);
  switch (shape.kind) {
    case 'none':
      return <p className={classes.note}>{texts.noResult}</p>;
    case 'text':
      return <LongText text={shape.text} />;
    case 'pairs':
      return (
        <dl className={classes.pairs}>
          {shape.pairs.map(([name, pair]) => (
            <div key={name}>
              <dt>{visible(name)}</dt>
              <dd>{visible(pair)}</dd>
            </div>
          ))}
        </dl>
      );
    case 'table':
      return <Table shape={shape} />;
    case 'json':
      return <ValueView value={value} fileName="result.json" />;
  }
}

function Table({ shape: { columns, rows, more } }: { shape: Extract<Shape, { kind: 'table' }> }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it.
    <section className={classes.table} tabIndex={0} aria-label={texts.result}>
      <table>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column} scope="col">
                {visible(column)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, at) => (
            // The rows never change.
            // biome-ignore lint/suspicious/noArrayIndexKey: see above.
            <tr key={at}>
              {row.map((cell, column) => (
                <td key={columns[column]}>{visible(cell)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {more > 0 && <p className={classes.note}>{texts.moreRows(more)}</p>}
    </section>
  );
}
