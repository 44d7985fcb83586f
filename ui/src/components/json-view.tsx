import { ActionIcon, Tooltip } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useMemo } from 'react';
import { withoutBytes } from '@/lib/binary';
import { jsonText } from '@/lib/json';
import { readableSize } from '@/lib/json-text';
import { saveFile } from '@/lib/save-file';
import { texts } from '@/lib/texts';
import { CopyButton } from './copy-button';
import { JsonTree } from './json-tree';
import classes from './json-view.module.css';

interface JsonViewProps {
  /** Any JSON value; it is shown as text and never interpreted. */
  value: unknown;
  /** The file name of a download. */
  fileName: string;
}

/** Larger values start collapsed. Bytes are shown small, so they do not count. */
const OPEN_CHARS_MAX = 4_000;

/** A read-only JSON value: collapsed where it is large; it can be copied and downloaded in full. */
export function JsonView({ value, fileName }: JsonViewProps) {
  const text = useMemo(() => jsonText(value), [value]);
  const isLarge = useMemo(() => withoutBytes(text).length > OPEN_CHARS_MAX, [text]);
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
        <JsonTree value={value} depth={0} openDepth={isLarge ? 1 : 4} />
      </div>
    </div>
  );
}
