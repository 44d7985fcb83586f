import { useQuery } from '@tanstack/react-query';
import { accountQuery } from '@/api/account';
import { CopyButton } from '@/components/copy-button';
import classes from './reference.module.css';
import { texts } from './texts';

/** What holds for all operations. */
export function Overview() {
  const { about } = texts;
  const account = useQuery(accountQuery()).data;
  const base = `${location.origin}/api/v1`;
  return (
    <article className={classes.about}>
      <section>
        <h2 className={classes.heading}>{about.base}</h2>
        <p className={classes.address}>
          <code>{base}</code>
          <CopyButton value={base} />
        </p>
      </section>
      <section>
        <h2 className={classes.heading}>{about.auth}</h2>
        <p>{about.authDetail}</p>
        {account?.is_local && <p>{about.authLocal}</p>}
      </section>
      <section>
        <h2 className={classes.heading}>{about.shape}</h2>
        <p>{about.shapeDetail}</p>
      </section>
      <section>
        <h2 className={classes.heading}>{about.errors}</h2>
        <p>{about.errorsDetail}</p>
      </section>
      <section>
        <h2 className={classes.heading}>{about.machines}</h2>
        <p>{about.machinesDetail}</p>
        <ul className={classes.files}>
          {about.files.map((file) => (
            <li key={file.href}>
              <a href={file.href}>{file.label}</a>: {file.about}
            </li>
          ))}
        </ul>
      </section>
    </article>
  );
}
