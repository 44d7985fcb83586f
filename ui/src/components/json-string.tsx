import { useState } from 'react';
import { escaped } from '@/lib/json-text';
import { texts } from '@/lib/texts';
import classes from './json-view.module.css';

/** Longer texts start truncated. */
const SHORT = 300;
/** Never more than this is rendered; the rest can be copied and downloaded. */
const DRAWN_MAX = 100_000;

/** A JSON string: control and direction characters are escaped, so that it cannot look like something else. */
export function JsonString({ text }: { text: string }) {
  const [isOpen, setOpen] = useState(false);
  const drawn = isOpen ? text.slice(0, DRAWN_MAX) : text.slice(0, SHORT);
  const rest = text.length - drawn.length;
  return (
    <span className={classes.string}>
      "{escaped(drawn)}
      {rest > 0 ? '…' : '"'}
      {text.length > SHORT && (isOpen ? rest === 0 : true) && (
        <button type="button" className={classes.more} onClick={() => setOpen(!isOpen)} aria-expanded={isOpen}>
          {isOpen ? texts.actions.showLess : texts.json.more(rest)}
        </button>
      )}
    </span>
  );
}
