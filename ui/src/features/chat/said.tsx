import { ShownValue } from '@/components/conversation/shown-value';
import { visible } from '@/lib/json-text';
import classes from './chat.module.css';
import { textOf } from './entries';

interface SaidProps {
  value: unknown;
  fileName: string;
}

/** What somebody said. Markdown and HTML in it stay text, and what is invisible is shown. */
export function Said({ value, fileName }: SaidProps) {
  const text = textOf(value);
  if (text === null) return <ShownValue value={value} fileName={fileName} />;
  return <div className={classes.text}>{visible(text)}</div>;
}
