import { previewOf } from '@/api/preview';
import { JsonView } from './json-view';
import { PreviewView } from './preview-view';

interface ValueViewProps {
  /** A value of an execution: any JSON, or a preview of it. */
  value: unknown;
  /** The file name of a download. */
  fileName: string;
}

/** A value of an execution. Of a long one, only the beginning until somebody asks for all of it. */
export function ValueView({ value, fileName }: ValueViewProps) {
  const preview = previewOf(value);
  if (!preview) return <JsonView value={value} fileName={fileName} />;
  const key = `${preview.execution} ${preview.bytes} ${preview.text}`;
  return <PreviewView key={key} preview={preview} fileName={fileName} />;
}
