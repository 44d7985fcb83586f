import { Button } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useState } from 'react';
import type { Member } from '@/api/members';
import { ProblemCard } from '@/components/problem-card';
import { GrantRows, grantsOf, rowsOf } from './grant-rows';
import classes from './members.module.css';
import { useChangeMember } from './queries';
import { texts } from './texts';

/** Gives a member roles in folders. */
export function GrantsForm({ member, onDone }: { member: Member; onDone: () => void }) {
  const [rows, setRows] = useState(() => rowsOf(member.grants));
  const change = useChangeMember();
  const save = () => {
    const done = () => {
      notifications.show({ message: texts.grants.saved(member.name), color: 'green' });
      onDone();
    };
    change.mutate({ id: member.id, grants: grantsOf(rows) }, { onSuccess: done });
  };
  return (
    <form
      className={classes.form}
      onSubmit={(event) => {
        event.preventDefault();
        save();
      }}
    >
      <p className={classes.text}>{texts.grants.hint}</p>
      <GrantRows rows={rows} onChange={setRows} />
      {change.isError && <ProblemCard problem={change.error} />}
      <div className={classes.buttons}>
        <Button variant="default" onClick={onDone}>
          {texts.cancel}
        </Button>
        <Button type="submit" loading={change.isPending}>
          {texts.grants.save}
        </Button>
      </div>
    </form>
  );
}
