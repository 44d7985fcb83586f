import { Button } from '@mantine/core';
import type { Pin } from '../bench/pin';
import { PIN_CHARS_MAX } from '../bench/pins';
import { CodeEditor } from '../form/code-editor';
import { Frame } from '../form/frame';
import classes from './node-test.module.css';
import { texts } from './texts';

interface PinEditorProps {
  pin: Pin;
  title: string;
  onChange: (text: string) => void;
  onUnpin: () => void;
}

/** The JSON of a pinned value. What is typed is pinned at once. */
export function PinEditor({ pin, title, onChange, onUnpin }: PinEditorProps) {
  const isBroken = pin.text.trim() !== '' && !pin.reading;
  const isKept = pin.origin === 'hand' || pin.origin === 'test';
  return (
    <div className={classes.pin}>
      <Frame title={title} fault={isBroken ? texts.notJson : undefined} isTitleHidden>
        <CodeEditor value={pin.text} onChange={(text) => text !== pin.text && onChange(text)} label={title} />
      </Frame>
      {isKept && pin.text.length > PIN_CHARS_MAX && <p className={classes.detail}>{texts.tooLarge}</p>}
      {isKept && (
        <div>
          <Button size="compact-xs" variant="subtle" title={texts.unpinDetail} onClick={onUnpin}>
            {texts.unpin}
          </Button>
        </div>
      )}
    </div>
  );
}
