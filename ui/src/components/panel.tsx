import { type ReactNode, useId } from 'react';
import classes from './panel.module.css';

interface PanelProps {
  title?: string;
  aside?: ReactNode;
  /** Without padding, for tables and graphics. */
  flush?: boolean;
  className?: string | undefined;
  children: ReactNode;
}

/** A titled surface that holds one thing. */
export function Panel({ title, aside, flush, className, children }: PanelProps) {
  const id = useId();
  return (
    <section className={`${classes.panel} ${className ?? ''}`} aria-labelledby={title ? id : undefined}>
      {title && (
        <header className={classes.head}>
          <h2 className={classes.title} id={id}>
            {title}
          </h2>
          {aside && <div className={classes.aside}>{aside}</div>}
        </header>
      )}
      <div className={`${classes.body} ${flush ? classes.flush : ''}`}>{children}</div>
    </section>
  );
}
