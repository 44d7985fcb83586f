import { formatMoment, millis } from '@/lib/time';
import { useDraft } from './document/draft-context';
import { isDirty } from './document/draft-store';
import { useKeeping } from './keeping/keeper-context';
import { texts } from './texts';
import classes from './toolbar.module.css';
import { whoOf } from './who';

/** Says that there are changes that no version has, and where they are kept. */
export function KeepingMark() {
  const dirty = useDraft(isDirty);
  const at = useKeeping((keeping) => keeping.at);
  const reason = useKeeping((keeping) => keeping.reason);
  const last = useKeeping((keeping) => keeping.last);
  const tone = at === 'nowhere' ? 'danger' : at === 'browser' ? 'warning' : 'info';
  const by = last && texts.keeping.last(whoOf(last), formatMoment(millis(last.updated_at) ?? 0));
  return (
    <span className={classes.unsaved} data-tone={tone} role="status">
      {dirty && (
        <span className={classes.mark} title={[texts.keeping.detail[at], by, reason].filter(Boolean).join(' ')}>
          {texts.keeping.mark[at]}
        </span>
      )}
    </span>
  );
}
