import { Button } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type Preview, wholeValue } from '@/api/preview';
import { withoutBytes } from '@/lib/binary';
import { jsonText } from '@/lib/json';
import { readableSize, visible } from '@/lib/json-text';
import { saveFile } from '@/lib/save-file';
import { texts } from '@/lib/texts';
import { JsonView } from './json-view';
import classes from './json-view.module.css';
import { ProblemCard } from './problem-card';

interface PreviewViewProps {
  preview: Preview;
  /** The file name of a download. */
  fileName: string;
}

/** The beginning of a long value. The whole is loaded on request, to be shown or saved. */
export function PreviewView({ preview, fileName }: PreviewViewProps) {
  const all = useMutation({ mutationFn: () => wholeValue(preview) });
  const file = useMutation({
    mutationFn: () => wholeValue(preview),
    onSuccess: (value) => saveFile(fileName, jsonText(value)),
  });
  if (all.isSuccess) return <JsonView value={all.data} fileName={fileName} />;
  const problem = all.error ?? file.error;
  return (
    <div className={classes.view}>
      <div className={classes.part}>
        <span>{texts.json.part(readableSize(preview.bytes))}</span>
        <Button size="compact-xs" variant="default" loading={all.isPending} onClick={() => all.mutate()}>
          {texts.json.all}
        </Button>
        <Button size="compact-xs" variant="default" loading={file.isPending} onClick={() => file.mutate()}>
          {texts.json.download}
        </Button>
      </div>
      {preview.text && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it.
        <pre className={classes.beginning} tabIndex={0}>
          {visible(withoutBytes(preview.text))}…
        </pre>
      )}
      {problem && <ProblemCard problem={problem} />}
    </div>
  );
}
