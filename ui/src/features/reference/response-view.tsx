import { JsonView } from '@/components/json-view';
import { parseJsonOr } from '@/lib/json';
import { readableSize } from '@/lib/json-text';
import classes from './reference.module.css';
import { CHARS_MAX, type Received } from './send';
import { texts } from './texts';

/** A response: its status, how long it took, its headers and its body. */
export function ResponseView({ response, name }: { response: Received; name: string }) {
  const { status, reason, milliseconds, headers, text } = response;
  return (
    <section className={classes.response} aria-label={texts.try.response} aria-live="polite">
      <p className={classes.status}>
        <span data-tone={status < 400 ? 'success' : 'danger'} className={classes.code3}>
          {status} {reason}
        </span>
        <span className="tabular">{texts.try.took(milliseconds)}</span>
      </p>
      <details>
        <summary>{texts.try.headers(headers.length)}</summary>
        <dl className={classes.headers}>
          {headers.map(([key, value]) => (
            <div key={key}>
              <dt>{key}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      </details>
      <Body text={text} name={name} />
    </section>
  );
}

function Body({ text, name }: { text: string; name: string }) {
  if (text === '') return <p className={classes.hint}>{texts.try.empty}</p>;
  const value = text.length <= CHARS_MAX ? parseJsonOr(text) : undefined;
  if (value !== undefined) return <JsonView value={value} fileName={`${name}.json`} />;
  const isCut = text.length > CHARS_MAX;
  return (
    <>
      {isCut && <p className={classes.hint}>{texts.try.cut(readableSize(text.length))}</p>}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: scrollable areas must be reachable with the keyboard. */}
      <pre className={classes.code} tabIndex={0} role="region" aria-label={texts.try.response}>
        {isCut ? text.slice(0, 4_000) : text}
      </pre>
    </>
  );
}
