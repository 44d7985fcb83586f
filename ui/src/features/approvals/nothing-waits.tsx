import { IconChecklist } from '@tabler/icons-react';
import { EmptyState } from '@/components/empty-state';
import { Prose } from '@/components/prose';
import classes from './inbox.module.css';
import { texts } from './texts';

/** The empty page says what comes here. */
export function NothingWaits() {
  return (
    <EmptyState icon={IconChecklist} title={texts.empty} detail={texts.emptyDetail}>
      <ul className={classes.teaches}>
        {texts.teaches.map(({ title, detail }) => (
          <li key={title}>
            <strong>
              <Prose text={title} />
            </strong>{' '}
            <Prose text={detail} />
          </li>
        ))}
      </ul>
    </EmptyState>
  );
}
