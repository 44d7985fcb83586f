import type { ReactNode } from 'react';
import { texts } from '@/lib/texts';
import classes from './page.module.css';

interface PageProps {
  title: string;
  /** The visible title, where it is more than text. */
  heading?: ReactNode;
  /** Beside the title: a status, a live mark. */
  beside?: ReactNode;
  detail?: ReactNode;
  actions?: ReactNode;
  /** Whether the page fills the window, so that its parts scroll instead of the page. */
  fill?: boolean;
  children: ReactNode;
}

/** A page: its title in the tab and at the top, its actions, its content. */
export function Page({ title, heading, beside, detail, actions, fill, children }: PageProps) {
  return (
    <div className={`${classes.page} ${fill ? classes.fill : ''}`}>
      <title>{`${title} · ${texts.product}`}</title>
      <header className={classes.head}>
        <h1 className={classes.title}>{heading ?? title}</h1>
        {beside}
        {actions && <div className={classes.actions}>{actions}</div>}
        {detail && <p className={classes.detail}>{detail}</p>}
      </header>
      {children}
    </div>
  );
}
