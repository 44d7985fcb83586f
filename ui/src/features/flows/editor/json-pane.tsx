import { useState } from 'react';
import { jsonText, parseJson } from '@/lib/json';
import { readDefinition } from './document/definition';
import { useDraft, useDraftStore } from './document/draft-context';
import { CodeEditor } from './form/code-editor';
import classes from './json-pane.module.css';
import { texts } from './texts';

/** The document as text. Valid JSON becomes the draft as you type; changes on the canvas appear here. */
export function JsonPane() {
  const store = useDraftStore();
  const present = useDraft((state) => state.present);
  const fault = useDraft((state) => state.jsonFault);
  const [shown, setShown] = useState(() => ({ of: present, text: jsonText(present) }));
  // The draft changed elsewhere: it replaces the text.
  if (shown.of !== present) setShown({ of: present, text: jsonText(present) });

  const type = (text: string) => {
    const { replace, setJsonFault } = store.getState();
    const reading = read(text);
    setJsonFault('fault' in reading ? reading.fault : null);
    if ('definition' in reading) replace(reading.definition, 'json');
    setShown({ of: store.getState().present, text });
  };

  return (
    <section className={classes.pane} aria-label={texts.json.label}>
      <CodeEditor value={shown.text} onChange={type} label={texts.json.label} height="fill" />
      <p className={classes.foot} data-tone={fault ? 'danger' : undefined} role="status">
        {fault ?? texts.json.applied}
      </p>
    </section>
  );
}

function read(text: string) {
  try {
    return readDefinition(parseJson(text));
  } catch (error) {
    return { fault: error instanceof Error ? error.message : String(error) };
  }
}
