import { useQuery } from '@tanstack/react-query';
import { type Preview, previewOf, wholeValue } from '@/api/preview';
import { ValueView } from '@/components/value-view';
import { hasBinary } from '@/lib/binary';
import { writeJson } from '@/lib/json';
import { visible } from '@/lib/json-text';
import classes from './conversation.module.css';
import { loneText } from './lone-text';
import { LongText } from './long-text';

/** Shorter values take one line or two. */
const INLINE_CHARS = 140;
/** What an input can have at most. */
const WHOLE_BYTES_MAX = 4 * 1024 * 1024;

interface ShownProps {
  /** A value as the API shows it: whole, or a preview. */
  value: unknown;
  fileName: string;
}

/** A value that was given or returned: on a line where it is short, else as a tree. */
export function ShownValue({ value, fileName }: ShownProps) {
  const text = loneText(value);
  if (text !== null) return <LongText text={text} />;
  const preview = previewOf(value);
  if (preview && isShownWhole(preview)) return <WholeValue value={value} preview={preview} fileName={fileName} />;
  if (preview) return <ValueView value={value} fileName={fileName} />;
  const json = writeJson(value);
  if (json.length <= INLINE_CHARS && !hasBinary(value)) return <code className={classes.inline}>{visible(json)}</code>;
  return <ValueView value={value} fileName={fileName} />;
}

/** Whether a long value has files near its beginning, so that it is worth more than its text. */
function isShownWhole({ text, bytes }: Preview): boolean {
  return text.includes('"$binary"') && bytes <= WHOLE_BYTES_MAX;
}

function WholeValue({ value, preview, fileName }: ShownProps & { preview: Preview }) {
  const whole = useQuery({
    queryKey: ['whole', preview.execution, preview.of, preview.bytes],
    queryFn: () => wholeValue(preview),
    structuralSharing: false,
    staleTime: Number.POSITIVE_INFINITY,
  });
  return <ValueView value={whole.data ?? value} fileName={fileName} />;
}

/** A text of a model or of its instructions. */
export function ShownText({ value, fileName }: ShownProps) {
  return typeof value === 'string' ? <LongText text={value} /> : <ValueView value={value} fileName={fileName} />;
}
