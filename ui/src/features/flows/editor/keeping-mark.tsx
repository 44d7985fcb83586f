import { useDraft } from './document/draft-context';
import { isDirty } from './document/draft-store';
import { useKeeping } from './keeping/keeper-context';
import { texts } from './texts';
import classes from './toolbar.module.css';

/** Says that there are changes that no version has, and where they are kept. */
export function KeepingMark() {
  const dirty = useDraft(isDirty);
  const at = useKeeping((keeping) => keeping.at);
  const reason = useKeeping((keeping) => keeping.reason);
  const tone = at === 'nowhere' ? 'danger' : at === 'browser' ? 'warning' : 'info';
  return (
    <span className={classes.unsaved} data-tone={tone} role="status">
      {dirty && (
        <span
          className={classes.mark}
          title={reason ? `${texts.keeping.detail[at]} ${reason}` : texts.keeping.detail[at]}
        >
          {texts.keeping.mark[at]}
        </span>
      )}
    </span>
  );
}
