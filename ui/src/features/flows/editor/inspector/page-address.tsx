import type { Flow } from '@/api/types';
import { CopyButton } from '@/components/copy-button';
import { pagesOf } from '@/components/page-links';
import { texts } from './texts';
import classes from './webhook-state.module.css';

/** Where people fill in the form of a flow. */
export function PageAddress({ flow }: { flow: Flow }) {
  if (!pagesOf(flow).hasForm) return <p className={classes.note}>{texts.form.notSaved}</p>;
  const address = `${window.location.origin}/form/${flow.id}`;
  return (
    <section className={classes.frame} aria-label={texts.form.address}>
      <h3 className={classes.title}>{texts.form.address}</h3>
      <div className={classes.address}>
        <code>{address}</code>
        <CopyButton value={address} label={texts.form.copyAddress} />
      </div>
    </section>
  );
}
