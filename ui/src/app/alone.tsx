import { Outlet } from '@tanstack/react-router';
import classes from './alone.module.css';
import { OfflineBanner } from './offline-banner';

/** The frame around a page that stands alone: without navigation, for people who do not use the studio. */
export function Alone() {
  return (
    <div className={classes.frame}>
      <OfflineBanner />
      <main className={classes.main} id="main" tabIndex={-1}>
        <Outlet />
      </main>
    </div>
  );
}
