import { previewOf } from '@/api/preview';
import { ValueView } from '@/components/value-view';
import { writeJson } from '@/lib/json';
import { visible } from '@/lib/json-text';
import classes from './conversation.module.css';
import { loneText } from './lone-text';
import { LongText } from './long-text';

/** Shorter values take one line or two. */
const INLINE_CHARS = 140;

interface ShownProps {
  /** A value as the API shows it: whole, or a preview. */
  value: unknown;
  fileName: string;
}

/** A value that was given or returned: on a line where it is short, else as a tree. */
export function ShownValue({ value, fileName }: ShownProps) {
  const text = loneText(value);
  if (text !== null) return <LongText text={text} />;
  if (previewOf(value)) return <ValueView value={value} fileName={fileName} />;
  const json = writeJson(value);
  if (json.length <= INLINE_CHARS) return <code className={classes.inline}>{visible(json)}</code>;
  return <ValueView value={value} fileName={fileName} />;
}

/** A text of a model or of its instructions. */
export function ShownText({ value, fileName }: ShownProps) {
  return typeof value === 'string' ? <LongText text={value} /> : <ValueView value={value} fileName={fileName} />;
}
