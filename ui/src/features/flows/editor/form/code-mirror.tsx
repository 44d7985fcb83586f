import { acceptCompletion, autocompletion, type CompletionContext } from '@codemirror/autocomplete';
import { json, jsonParseLinter } from '@codemirror/lang-json';
import { HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import { linter } from '@codemirror/lint';
import { Prec } from '@codemirror/state';
import { EditorView, keymap } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import CodeMirror from '@uiw/react-codemirror';
import { type RefObject, useEffect, useMemo, useRef } from 'react';
import { styleNonce } from '@/lib/csp';
import { writeJson } from '@/lib/json';
import { complete, type TextKind } from './complete';
import classes from './form.module.css';
import { DRAGGED_PATH, insertedInJson } from './insertion';
import type { Name } from './name';
import { useInsertTarget } from './use-insert-target';

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
  const view = useRef<EditorView | null>(null);
  const target = useInsertTarget((path) => {
    if (view.current) insertInto(view.current, path, view.current.state.selection.main);
  });
  const latest = useRef<() => void>(() => {});
  useEffect(() => {
    latest.current = names ? target : () => {};
  });
  const extensions = useMemo(
    () => [
      ...(language === 'json' ? asJson : []),
      ...always,
      EditorView.contentAttributes.of({ 'aria-label': label, tabindex: '0' }),
      Prec.highest(keymap.of([{ key: 'Tab', run: acceptCompletion }])),
      EditorView.domEventHandlers(takesValues(latest)),
      autocompletion({
        override: [completeFrom(names ?? [], language === 'json' ? 'json' : 'template')],
        icons: false,
      }),
    ],
    [label, names, language],
  );
  return (
    <CodeMirror
      className={height === 'fill' ? classes.fill : classes.code}
      value={value}
      onChange={onChange}
      extensions={extensions}
      onCreateEditor={(created) => {
        view.current = created;
      }}
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

/** Makes an editor the field that values are inserted into, and lets them be dropped on it. */
function takesValues(onFocus: RefObject<() => void>) {
  return {
    focus: () => {
      onFocus.current();
      return false;
    },
    drop: (event: DragEvent, view: EditorView) => {
      const path = event.dataTransfer?.getData(DRAGGED_PATH);
      if (!path) return false;
      event.preventDefault();
      const at = view.posAtCoords({ x: event.clientX, y: event.clientY }) ?? view.state.doc.length;
      insertInto(view, path, { from: at, to: at });
      return true;
    },
  };
}

function insertInto(view: EditorView, path: string, { from, to }: { from: number; to: number }): void {
  const { text, caret } = insertedInJson(view.state.doc.toString(), from, to, path);
  const insert = text.slice(from, text.length - (view.state.doc.length - to));
  view.dispatch({ changes: { from, to, insert }, selection: { anchor: caret } });
  view.focus();
}

function completeFrom(names: readonly Name[], kind: TextKind) {
  return ({ state, pos }: CompletionContext) => {
    const found = complete(state.sliceDoc(0, pos), pos, names, kind);
    if (!found) return null;
    return {
      from: found.from,
      options: found.choices.map(({ name, detail, doc, insert = name, behind = 0 }) => ({
        label: name,
        detail,
        ...(doc && { info: doc }),
        apply: (view: EditorView, _: unknown, from: number, to: number) => {
          const text = kind === 'json' ? writeJson(insert).slice(1, -1) : insert;
          view.dispatch({ changes: { from, to, insert: text }, selection: { anchor: from + text.length - behind } });
        },
      })),
      filter: false,
    };
  };
}
