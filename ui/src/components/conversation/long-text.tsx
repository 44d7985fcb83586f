import { useState } from 'react';
import { readableSize, visible } from '@/lib/json-text';
import { texts } from '@/lib/texts';
import classes from './conversation.module.css';

/** Longer texts start folded. */
const SHORT_CHARS = 900;
const SHORT_LINES = 14;

/** A text as it was written: Markdown, HTML and links in it stay text, and what is invisible is shown. */
export function LongText({ text }: { text: string }) {
  const [isOpen, setOpen] = useState(false);
  const short = shortened(text);
  const isLong = short.length < text.length;
  return (
    <div>
      <div className={classes.text}>
        {visible(isOpen ? text : short)}
        {isLong && !isOpen && '…'}
      </div>
      {isLong && (
        <button type="button" className={classes.more} onClick={() => setOpen(!isOpen)} aria-expanded={isOpen}>
          {isOpen ? texts.actions.showLess : texts.conversation.showAll(readableSize(text.length))}
        </button>
      )}
    </div>
  );
}

function shortened(text: string): string {
  const lines = text.slice(0, SHORT_CHARS).split('\n');
  return lines.slice(0, SHORT_LINES).join('\n');
}
