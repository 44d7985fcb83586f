import { autocompletion, type CompletionContext } from '@codemirror/autocomplete';
import { json, jsonParseLinter } from '@codemirror/lang-json';
import { HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import { linter } from '@codemirror/lint';
import { EditorView } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import CodeMirror from '@uiw/react-codemirror';
import { useMemo } from 'react';
import { styleNonce } from '@/lib/csp';
import { complete, type Name } from './complete';
import classes from './form.module.css';

const look = EditorView.theme({
  '&': { backgroundColor: 'transparent', color: 'var(--ink)', fontSize: '12px' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--mantine-font-family-monospace)', lineHeight: '18px' },
  '.cm-content': { caretColor: 'var(--ink)', padding: '8px 0' },
  '.cm-cursor': { borderLeftColor: 'var(--ink)' },
  '.cm-gutters': { backgroundColor: 'transparent', color: 'var(--ink-faint)', border: 'none' },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'transparent' },
  '&.cm-focused .cm-selectionBackground, .cm-selectionBackground, .cm-content ::selection': {
    backgroundColor: 'color-mix(in srgb, var(--info-solid) 22%, transparent) !important',
  },
  '.cm-tooltip': {
    backgroundColor: 'var(--surface)',
    border: '1px solid var(--line-strong)',
    borderRadius: '8px',
    overflow: 'hidden',
  },
  '.cm-tooltip-autocomplete ul': { fontFamily: 'var(--mantine-font-family-monospace)' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li': { padding: '3px 10px' },
  '.cm-tooltip-autocomplete ul li[aria-selected]': {
    backgroundColor: 'var(--surface-selected)',
    color: 'var(--ink)',
  },
  '.cm-completionDetail': { color: 'var(--ink-faint)', fontStyle: 'normal' },
});

const colours = syntaxHighlighting(
  HighlightStyle.define([
    { tag: tags.propertyName, color: 'var(--info-text)' },
    { tag: tags.string, color: 'var(--success-text)' },
    { tag: [tags.number, tags.bool, tags.null], color: 'var(--warning-text)' },
    { tag: [tags.brace, tags.squareBracket, tags.separator], color: 'var(--ink-soft)' },
  ]),
);

const parse = jsonParseLinter();

const asJson = [json(), linter((view) => (view.state.doc.length === 0 ? [] : parse(view)), { delay: 300 })];

const always = [look, colours, EditorView.lineWrapping, EditorView.cspNonce.of(styleNonce)];

export interface CodeEditorProps {
  value: string;
  onChange: (text: string) => void;
  label: string;
  /** Names for completion inside `${ }`. */
  names?: readonly Name[] | undefined;
  /** What the text is: JSON, or lines whose numbers are shown. */
  language?: 'json' | 'text';
  /** Whether it fills its container or grows with its content. */
  height?: 'fill' | 'content';
}

/** CodeMirror for JSON, with completion inside `${ }`, and for other text. */
export function CodeMirrorEditor(props: CodeEditorProps) {
  const { value, onChange, label, names, language = 'json', height = 'content' } = props;
  const extensions = useMemo(
    () => [
      ...(language === 'json' ? asJson : []),
      ...always,
      EditorView.contentAttributes.of({ 'aria-label': label, tabindex: '0' }),
      autocompletion({ override: [completeFrom(names ?? [])], icons: false }),
    ],
    [label, names, language],
  );
  return (
    <CodeMirror
      className={height === 'fill' ? classes.fill : classes.code}
      value={value}
      onChange={onChange}
      extensions={extensions}
      theme="none"
      indentWithTab={false}
      basicSetup={{
        lineNumbers: height === 'fill' || language === 'text',
        foldGutter: height === 'fill',
        autocompletion: false,
      }}
      {...(height === 'fill' && { height: '100%' })}
    />
  );
}

function completeFrom(names: readonly Name[]) {
  return ({ state, pos }: CompletionContext) => {
    const found = complete(state.sliceDoc(0, pos), pos, names, false);
    if (!found) return null;
    return {
      from: found.from,
      options: found.choices.map(({ name, detail }) => ({ label: name, detail })),
      filter: false,
    };
  };
}
