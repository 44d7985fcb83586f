import { lazy, Suspense } from 'react';
import classes from './form.module.css';

const LazyCode = lazy(() => import('./code-mirror').then((module) => ({ default: module.CodeMirrorEditor })));

export interface CodeEditorProps {
  value: string;
  onChange: (text: string) => void;
  label: string;
  /** Names that complete what is typed inside `${ }`. */
  names?: readonly Name[] | undefined;
  /** As high as what is around it, or as what it holds. */
  height?: 'fill' | 'content';
}

/** Something that an expression may name. */
export interface Name {
  name: string;
  detail: string;
}

/** An editor for JSON. It comes when it is first needed; until then the text can be read. */
export function CodeEditor(props: CodeEditorProps) {
  return (
    <Suspense fallback={<pre className={classes.code}>{props.value}</pre>}>
      <LazyCode {...props} />
    </Suspense>
  );
}
