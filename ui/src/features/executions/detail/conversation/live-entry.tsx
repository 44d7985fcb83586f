import { useLayoutEffect, useRef } from 'react';
import classes from '@/components/conversation/conversation.module.css';
import type { LiveText, LiveTurn } from '@/components/conversation/live-turn';
import { readableSize, visible } from '@/lib/json-text';
import { texts } from './texts';

/** What a model has written so far. It is text, whatever is in it. */
export function LiveEntry({ turn: { text, reasoning } }: { turn: LiveTurn }) {
  const isThinking = text.end === 0;
  return (
    <>
      {reasoning.end > 0 && (
        <details className={classes.thinking} open={isThinking}>
          <summary>{texts.thinking}</summary>
          <Growing live={reasoning} label={texts.thinking} isOpen={isThinking} />
        </details>
      )}
      {text.end > 0 && <Growing live={text} label={texts.written} isOpen />}
    </>
  );
}

interface GrowingProps {
  live: LiveText;
  label: string;
  /** Whether more of it is to come. */
  isOpen: boolean;
}

/** A text that shows its end as long as nobody scrolls up in it. Screen readers are not told each piece. */
function Growing({ live, label, isOpen }: GrowingProps) {
  const box = useRef<HTMLDivElement>(null);
  const isAtEnd = useRef(true);
  useLayoutEffect(() => {
    if (box.current && isAtEnd.current && live.end > 0) box.current.scrollTop = box.current.scrollHeight;
  }, [live.end]);
  const look = () => {
    const { scrollTop = 0, scrollHeight = 0, clientHeight = 0 } = box.current ?? {};
    isAtEnd.current = scrollTop + clientHeight >= scrollHeight - 8;
  };
  return (
    <div
      ref={box}
      role="group"
      aria-label={label}
      aria-busy={isOpen}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it.
      tabIndex={0}
      className={classes.live}
      onScroll={look}
    >
      {live.missed > 0 && <p className={classes.aside}>{texts.missed(readableSize(live.missed))}</p>}
      <span className={classes.text}>{visible(live.text)}</span>
      {isOpen && <span className={classes.cursor} aria-hidden />}
    </div>
  );
}
