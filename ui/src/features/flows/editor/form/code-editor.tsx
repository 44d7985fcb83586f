import { lazy, Suspense } from 'react';
import type { CodeEditorProps } from './code-mirror';
import classes from './form.module.css';

const LazyCode = lazy(() => import('./code-mirror').then((module) => ({ default: module.CodeMirrorEditor })));

/** An editor of JSON, or of other text. It is loaded on first use; until then the text is shown. */
export function CodeEditor(props: CodeEditorProps) {
  return (
    <Suspense fallback={<pre className={classes.code}>{props.value}</pre>}>
      <LazyCode {...props} />
    </Suspense>
  );
}
