import { type ReactNode, useId } from 'react';
import classes from './node-panel.module.css';

interface SectionProps {
  title: string;
  aside?: ReactNode;
  children: ReactNode;
}

/** A part of the node panel. */
export function Section({ title, aside, children }: SectionProps) {
  const id = useId();
  return (
    <section className={classes.section} aria-labelledby={id}>
      <h3 className={classes.sectionTitle} id={id}>
        {title}
        {aside && <span className={classes.aside}>{aside}</span>}
      </h3>
      {children}
    </section>
  );
}
