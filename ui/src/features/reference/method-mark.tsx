import classes from './reference.module.css';

const TONES: Readonly<Record<string, string>> = {
  GET: 'info',
  POST: 'success',
  PUT: 'warning',
  PATCH: 'warning',
  DELETE: 'danger',
};

export function MethodMark({ method }: { method: string }) {
  return (
    <span className={classes.method} data-tone={TONES[method] ?? 'neutral'}>
      {method === 'DELETE' ? 'DEL' : method}
    </span>
  );
}
