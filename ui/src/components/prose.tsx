import { Fragment, type ReactNode } from 'react';

/** A sentence in which text between backticks is code. */
export function Prose({ text }: { text: string }) {
  return text.split('`').map((part, at) => {
    const key = `${at} ${part}`;
    return at % 2 === 1 ? <code key={key}>{part}</code> : <Fragment key={key}>{part}</Fragment>;
  });
}

/** As `Prose`, for a text that may be missing. */
export function prose(text: string | undefined): ReactNode {
  return text && <Prose text={text} />;
}
