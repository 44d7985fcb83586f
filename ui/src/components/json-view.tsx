import { ActionIcon, Tooltip } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useMemo } from 'react';
import { jsonText, readableSize } from '@/lib/json-text';
import { saveFile } from '@/lib/save-file';
import { texts } from '@/lib/texts';
import { CopyButton } from './copy-button';
import { JsonTree } from './json-tree';
import classes from './json-view.module.css';

interface JsonViewProps {
  /** Any JSON value; it is shown as text and never taken for anything else. */
  value: unknown;
  /** The name of the file that a download makes. */
  fileName: string;
}

/** A larger value begins folded. */
const OPEN_CHARS_MAX = 4_000;

/** A JSON value to read: folded where it is large, to be copied and downloaded whole. */
export function JsonView({ value, fileName }: JsonViewProps) {
  const text = useMemo(() => jsonText(value), [value]);
  return (
    <div className={classes.view}>
      <div className={classes.tools}>
        <span className={classes.size}>{readableSize(text.length)}</span>
        <CopyButton value={text} />
        <Tooltip label={texts.json.download}>
          <ActionIcon size="sm" aria-label={texts.json.download} onClick={() => saveFile(fileName, text)}>
            <IconDownload size={14} aria-hidden />
          </ActionIcon>
        </Tooltip>
      </div>
      <div className={classes.tree}>
        <JsonTree value={value} depth={0} openDepth={text.length > OPEN_CHARS_MAX ? 1 : 4} />
      </div>
    </div>
  );
}
