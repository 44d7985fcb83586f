import classes from './outcomes.module.css';
import type { Outcome } from './shape';

/** The colour and pattern of an outcome, beside its name. */
export function Swatch({ outcome }: { outcome: Outcome }) {
  return <span className={`${classes.swatch} ${classes.fill}`} data-outcome={outcome} aria-hidden />;
}
