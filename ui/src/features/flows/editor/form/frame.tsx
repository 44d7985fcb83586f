import type { ReactNode } from 'react';
import { Prose } from '@/components/prose';
import classes from './form.module.css';

interface FrameProps {
  title: string;
  description?: string | undefined;
  fault?: string | undefined;
  required?: boolean | undefined;
  /** Whether the title is read by screen readers only. */
  isTitleHidden?: boolean;
  children: ReactNode;
}

/** Title, description and error for a field without its own. */
export function Frame({ title, description, fault, required, isTitleHidden, children }: FrameProps) {
  return (
    <div className={classes.frame} role="group" aria-label={title}>
      {!isTitleHidden && (
        <span className={classes.label}>
          {title} {required && <span className={classes.required}>*</span>}
        </span>
      )}
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
