import { keysOf } from '@/lib/shortcut';
import classes from './commands.module.css';

/** The keys of a shortcut. For screen readers, `aria-keyshortcuts` says them. */
export function Keys({ of }: { of: string }) {
  return (
    <span className={classes.keys} aria-hidden>
      {keysOf(of).map((key) => (
        <kbd key={key} className={classes.key}>
          {key}
        </kbd>
      ))}
    </span>
  );
}
