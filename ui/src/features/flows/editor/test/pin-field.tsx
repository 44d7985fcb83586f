import { Button, Skeleton } from '@mantine/core';
import { RelativeTime } from '@/components/relative-time';
import { CodeEditor } from '../form/code-editor';
import { Frame } from '../form/frame';
import classes from './node-test.module.css';
import { texts } from './texts';
import type { Pin } from './use-pins';

interface PinFieldProps {
  pin: Pin;
  title: string;
  /** Whether the last execution is still loading. */
  isLoading: boolean;
  onChange: (text: string) => void;
  onUnpin: () => void;
}

/** One pinned value as JSON, and where it comes from. */
export function PinField({ pin, title, isLoading, onChange, onUnpin }: PinFieldProps) {
  if (isLoading && pin.origin !== 'kept') return <Skeleton height={96} radius="md" aria-label={texts.loading} />;
  return (
    <Frame title={title} fault={pin.reading ? undefined : texts.notJson}>
      <CodeEditor value={pin.text} onChange={(text) => text !== pin.text && onChange(text)} label={title} />
      <div className={classes.origin}>
        <span>
          {originOf(pin)}
          {pin.origin === 'execution' && <RelativeTime time={pin.executedAt} />}
        </span>
        {pin.origin === 'kept' && pin.executedAt && (
          <Button size="compact-xs" variant="subtle" onClick={onUnpin}>
            {texts.unpin}
          </Button>
        )}
      </div>
    </Frame>
  );
}

function originOf({ origin }: Pin): string {
  if (origin === 'execution') return `${texts.executed} `;
  return origin === 'kept' ? texts.kept : texts.nothing;
}
