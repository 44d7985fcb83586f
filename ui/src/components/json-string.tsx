import { useState } from 'react';
import { visible } from '@/lib/json-text';
import { texts } from '@/lib/texts';
import classes from './json-view.module.css';

/** A longer text begins cut. */
const SHORT = 300;
/** More than this is never drawn; it can be copied and downloaded. */
const DRAWN_MAX = 100_000;

/** A text within JSON: control and direction characters are spelt out, so that it cannot pass for something else. */
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

/** As JSON has it, but with its lines and tabs as they are. */
function escaped(text: string): string {
  return visible(text.replace(/["\\]/g, '\\$&'));
}
