import { json, jsonParseLinter } from '@codemirror/lang-json';
import { HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import { linter } from '@codemirror/lint';
import { EditorView } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import CodeMirror from '@uiw/react-codemirror';
import { useMemo } from 'react';
import { styleNonce } from '@/lib/csp';
import classes from './json-editor.module.css';

const look = EditorView.theme({
  '&': { backgroundColor: 'transparent', color: 'var(--ink)', fontSize: '12px' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--mantine-font-family-monospace)', lineHeight: '18px' },
  '.cm-content': { caretColor: 'var(--ink)', padding: '8px 0' },
  '.cm-cursor': { borderLeftColor: 'var(--ink)' },
  '&.cm-focused .cm-selectionBackground, .cm-selectionBackground, .cm-content ::selection': {
    backgroundColor: 'color-mix(in srgb, var(--info-solid) 22%, transparent) !important',
  },
});

const colours = syntaxHighlighting(
  HighlightStyle.define([
    { tag: tags.propertyName, color: 'var(--info-text)' },
    { tag: tags.string, color: 'var(--success-text)' },
    { tag: [tags.number, tags.bool, tags.null], color: 'var(--warning-text)' },
    { tag: [tags.brace, tags.squareBracket, tags.separator], color: 'var(--ink-soft)' },
  ]),
);

const always = [
  json(),
  linter(jsonParseLinter(), { delay: 400 }),
  look,
  colours,
  EditorView.lineWrapping,
  EditorView.cspNonce.of(styleNonce),
];

export interface JsonEditorProps {
  value: string;
  onChange: (text: string) => void;
  label: string;
  /** Whether the value is invalid; marks the frame. */
  isInvalid?: boolean;
  /** Whether it takes the focus when it appears. */
  autoFocus?: boolean;
}

/** CodeMirror for JSON. */
export function JsonCode({ value, onChange, label, autoFocus = false }: JsonEditorProps) {
  const extensions = useMemo(() => [...always, EditorView.contentAttributes.of({ 'aria-label': label })], [label]);
  return (
    <CodeMirror
      className={classes.code}
      value={value}
      onChange={onChange}
      extensions={extensions}
      theme="none"
      autoFocus={autoFocus}
      // Tab leaves the editor, as it leaves every other field.
      indentWithTab={false}
      basicSetup={{ lineNumbers: false, foldGutter: false, highlightActiveLine: false, autocompletion: false }}
    />
  );
}
