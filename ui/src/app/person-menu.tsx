import { Menu } from '@mantine/core';
import { IconLogout, IconUser } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { accountQuery, signOut } from '@/api/account';
import { forgetApiKey } from '@/api/credentials';
import { own } from '@/lib/own';
import { reportRefused } from '@/lib/session';
import { texts } from '@/lib/texts';
import classes from './shell.module.css';

/** Who uses the studio, and the way out. Where nobody signs in, there is none. */
export function PersonMenu() {
  const account = useQuery(accountQuery()).data;
  const queries = useQueryClient();
  const leave = useMutation({
    mutationFn: signOut,
    onSettled: () => {
      forgetApiKey();
      // What this person has seen is not for the next one.
      queries.clear();
      reportRefused(true);
    },
  });
  if (!account || account.is_local) return null;
  const name = account.name ?? texts.account.unnamed;
  return (
    <Menu position="top-start" width={220}>
      <Menu.Target>
        <button type="button" className={classes.person} aria-label={texts.account.menu(name)}>
          <IconUser size={16} aria-hidden />
          <bdi className={classes.personName}>{name}</bdi>
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{texts.account.role(own(texts.account.roles, account.role) ?? account.role)}</Menu.Label>
        <Menu.Item component={Link} to="/account" leftSection={<IconUser size={15} aria-hidden />}>
          {texts.account.own}
        </Menu.Item>
        <Menu.Item leftSection={<IconLogout size={15} aria-hidden />} onClick={() => leave.mutate()}>
          {texts.account.signOut}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
