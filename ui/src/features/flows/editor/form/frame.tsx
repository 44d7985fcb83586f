import type { ReactNode } from 'react';
import { Prose } from '@/components/prose';
import classes from './form.module.css';

interface FrameProps {
  title: string;
  description?: string | undefined;
  fault?: string | undefined;
  required?: boolean | undefined;
  children: ReactNode;
}

/** Title, description and error for a field without its own. */
export function Frame({ title, description, fault, required, children }: FrameProps) {
  return (
    <div className={classes.frame} role="group" aria-label={title}>
      <span className={classes.label}>
        {title} {required && <span className={classes.required}>*</span>}
      </span>
      {description && (
        <p className={classes.detail}>
          <Prose text={description} />
        </p>
      )}
      {children}
      {fault && (
        <p className={classes.fault}>
          <Prose text={fault} />
        </p>
      )}
    </div>
  );
}
