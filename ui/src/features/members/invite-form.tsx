import { Button, Radio, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { faultsIn } from '@/api/problem';
import { JoinLink } from '@/components/join-link';
import { ProblemCard } from '@/components/problem-card';
import { type GrantRow, GrantRows, grantsOf } from './grant-rows';
import classes from './members.module.css';
import { useInvite } from './queries';
import { texts } from './texts';

/** Makes a link with which somebody becomes a member, and shows it once. */
export function InviteForm({ onDone }: { onDone: () => void }) {
  const [role, setRole] = useState('operator');
  const [email, setEmail] = useState('');
  const [grants, setGrants] = useState<GrantRow[]>([]);
  const invite = useInvite();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const address = email.trim();
    invite.mutate({
      role,
      ...(grants.length > 0 && { grants: grantsOf(grants) }),
      ...(address && { email: address }),
    });
  };
  if (invite.data) return <JoinLink link={invite.data} onDone={onDone} />;
  return (
    <form className={classes.form} onSubmit={submit}>
      <TextInput
        label={texts.form.email}
        description={texts.form.emailHint}
        type="email"
        value={email}
        onChange={(event) => setEmail(event.currentTarget.value)}
        error={faultsIn(invite.error)('/email')}
        data-autofocus
      />
      <Radio.Group label={texts.role} value={role} onChange={setRole}>
        <div className={classes.choices}>
          {Object.entries(texts.roles).map(([value, label]) => (
            <Radio key={value} value={value} label={label} description={texts.may[value]} />
          ))}
        </div>
      </Radio.Group>
      {role !== 'admin' && (
        <fieldset className={classes.grants}>
          <legend>{texts.grants.field}</legend>
          <p className={classes.text}>{texts.grants.hint}</p>
          <GrantRows rows={grants} onChange={setGrants} />
        </fieldset>
      )}
      {invite.isError && <ProblemCard problem={invite.error} />}
      <div className={classes.buttons}>
        <Button variant="default" onClick={onDone}>
          {texts.cancel}
        </Button>
        <Button type="submit" loading={invite.isPending}>
          {texts.form.submit}
        </Button>
      </div>
    </form>
  );
}
