import { lazy, Suspense } from 'react';
import type { JsonEditorProps } from './json-code';
import classes from './json-editor.module.css';

const LazyCode = lazy(() => import('./json-code').then((module) => ({ default: module.JsonCode })));

/** A JSON editor. Its code is loaded on first use; until then the text is shown. */
export function JsonEditor(props: JsonEditorProps) {
  return (
    <div className={classes.frame} data-invalid={props.isInvalid || undefined}>
      <Suspense fallback={<pre className={classes.waiting}>{props.value}</pre>}>
        <LazyCode {...props} />
      </Suspense>
    </div>
  );
}
