import { lazy, Suspense } from 'react';
import type { CodeEditorProps } from './code-mirror';
import classes from './form.module.css';

const LazyCode = lazy(() => import('./code-mirror').then((module) => ({ default: module.CodeMirrorEditor })));

/** An editor for JSON. It comes when it is first needed; until then the text can be read. */
export function CodeEditor(props: CodeEditorProps) {
  return (
    <Suspense fallback={<pre className={classes.code}>{props.value}</pre>}>
      <LazyCode {...props} />
    </Suspense>
  );
}
