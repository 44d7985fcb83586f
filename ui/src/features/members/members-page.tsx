import { Badge, Button, Modal, Select } from '@mantine/core';
import { IconLock, IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { accountQuery } from '@/api/account';
import { deleteMember, type Grant, type LinkToJoin, type Member, type OpenInvitation } from '@/api/members';
import { DamagedList } from '@/components/damaged-list';
import { EmptyState } from '@/components/empty-state';
import { JoinLink } from '@/components/join-link';
import { Page } from '@/components/page';
import { Panel } from '@/components/panel';
import { ProblemCard } from '@/components/problem-card';
import { Prose } from '@/components/prose';
import { RelativeTime } from '@/components/relative-time';
import { RowsSkeleton } from '@/components/skeletons';
import { texts as common } from '@/lib/texts';
import { GrantsForm } from './grants-form';
import { InviteForm } from './invite-form';
import classes from './members.module.css';
import {
  damagedMembersQuery,
  invitationsQuery,
  membersQuery,
  useChangeMember,
  useDeleteMember,
  usePasswordLink,
  useWithdraw,
} from './queries';
import { texts } from './texts';

/** Who may use the server, and who is invited. */
export function MembersPage() {
  const account = useQuery(accountQuery());
  const may = account.data?.permissions.includes('manage_members') && !account.data.is_local;
  return (
    <Page title={texts.title} detail={texts.detail} actions={may ? <Invite /> : undefined}>
      {account.isPending && <RowsSkeleton rows={3} height={72} />}
      {account.isError && <ProblemCard problem={account.error} onRetry={() => account.refetch()} />}
      {account.data && !may && <Nothing isLocal={account.data.is_local} />}
      {account.data && may && <Members own={account.data.id} />}
    </Page>
  );
}

function Nothing({ isLocal }: { isLocal: boolean }) {
  const detail = <Prose text={isLocal ? texts.localDetail : texts.notAllowedDetail} />;
  return <EmptyState icon={IconLock} title={isLocal ? texts.local : texts.notAllowed} detail={detail} />;
}

function Invite() {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setOpen(true)}>
        {texts.invite}
      </Button>
      <Modal
        opened={isOpen}
        onClose={() => setOpen(false)}
        title={texts.form.title}
        closeButtonProps={{ 'aria-label': texts.cancel }}
      >
        {isOpen && <InviteForm onDone={() => setOpen(false)} />}
      </Modal>
    </>
  );
}

function Members({ own }: { own: string | null }) {
  const members = useQuery(membersQuery());
  const damaged = useQuery(damagedMembersQuery());
  const invitations = useQuery(invitationsQuery());
  const [link, setLink] = useState<LinkToJoin | null>(null);
  return (
    <>
      {members.isPending && <RowsSkeleton rows={3} height={72} />}
      {members.isError && <ProblemCard problem={members.error} onRetry={() => members.refetch()} />}
      <DamagedList damaged={damaged.data} advice={common.damaged.deleteAdvice} onDelete={deleteMember} />
      <ul className={classes.list} aria-label={texts.title}>
        {members.data?.map((member) => (
          <MemberRow key={member.id} member={member} isOwn={member.id === own} onLink={setLink} />
        ))}
      </ul>
      {invitations.data && invitations.data.length > 0 && <Invitations invitations={invitations.data} />}
      <Modal
        opened={link !== null}
        onClose={() => setLink(null)}
        title={common.joinLink.title}
        closeButtonProps={{ 'aria-label': common.joinLink.done }}
      >
        {link && <JoinLink link={link} onDone={() => setLink(null)} />}
      </Modal>
    </>
  );
}

interface MemberRowProps {
  member: Member;
  isOwn: boolean;
  onLink: (link: LinkToJoin) => void;
}

function MemberRow({ member, isOwn, onLink }: MemberRowProps) {
  const change = useChangeMember();
  const password = usePasswordLink();
  const [isAsking, setAsking] = useState(false);
  const [isGranting, setGranting] = useState(false);
  const { id, name, email, role, grants, kind, disabled_at: disabledAt } = member;
  const problem = change.error ?? password.error;
  return (
    <li className={classes.member}>
      <div className={classes.who}>
        <span className={classes.name}>
          <bdi>{name}</bdi>
          {isOwn && <Badge variant="light">{texts.you}</Badge>}
          {kind === 'service' && <Badge color="gray">{texts.program}</Badge>}
          {disabledAt && <Badge color="red">{texts.disabled}</Badge>}
        </span>
        {email && <span className={classes.soft}>{email}</span>}
        <GrantList grants={grants} />
      </div>
      <Select
        className={classes.role}
        aria-label={texts.roleOf(name)}
        data={Object.entries(texts.roles).map(([value, label]) => ({ value, label }))}
        value={role}
        allowDeselect={false}
        disabled={change.isPending}
        onChange={(next) => next && next !== role && change.mutate({ id, role: next })}
      />
      <div className={classes.actions} role="group" aria-label={texts.actionsOf(name)}>
        <Button size="xs" variant="default" onClick={() => setGranting(true)}>
          {texts.grants.button(grants.length)}
        </Button>
        {kind === 'person' && !isOwn && (
          <Button
            size="xs"
            variant="default"
            loading={password.isPending}
            onClick={() => password.mutate(id, { onSuccess: onLink })}
          >
            {texts.newPassword}
          </Button>
        )}
        <Button
          size="xs"
          variant="default"
          loading={change.isPending}
          onClick={() => change.mutate({ id, disabled: disabledAt === null })}
        >
          {disabledAt ? texts.enable : texts.disable}
        </Button>
        <Button size="xs" variant="subtle" color="red" onClick={() => setAsking(true)}>
          {texts.delete}
        </Button>
      </div>
      {problem && (
        <div className={classes.problem}>
          <ProblemCard problem={problem} />
        </div>
      )}
      <Modal
        opened={isGranting}
        onClose={() => setGranting(false)}
        title={texts.grants.title(name)}
        closeButtonProps={{ 'aria-label': texts.cancel }}
      >
        {isGranting && <GrantsForm member={member} onDone={() => setGranting(false)} />}
      </Modal>
      <Modal
        opened={isAsking}
        onClose={() => setAsking(false)}
        title={texts.deleteYes}
        closeButtonProps={{ 'aria-label': texts.cancel }}
      >
        {isAsking && <DeleteForm member={member} onDone={() => setAsking(false)} />}
      </Modal>
    </li>
  );
}

function GrantList({ grants }: { grants: readonly Grant[] }) {
  return grants.map(({ folder, role }) => (
    <span key={folder} className={classes.soft}>
      {texts.grants.shown(folder, texts.roles[role] ?? role)}
    </span>
  ));
}

function DeleteForm({ member, onDone }: { member: Member; onDone: () => void }) {
  const remove = useDeleteMember();
  return (
    <div className={classes.form}>
      <p className={classes.text}>{texts.deleteAsk(member.name)}</p>
      {remove.isError && <ProblemCard problem={remove.error} />}
      <div className={classes.buttons}>
        <Button variant="default" onClick={onDone}>
          {texts.cancel}
        </Button>
        <Button color="red" loading={remove.isPending} onClick={() => remove.mutate(member.id, { onSuccess: onDone })}>
          {texts.deleteYes}
        </Button>
      </div>
    </div>
  );
}

function Invitations({ invitations }: { invitations: readonly OpenInvitation[] }) {
  const withdraw = useWithdraw();
  return (
    <Panel title={texts.invitations}>
      {withdraw.isError && <ProblemCard problem={withdraw.error} />}
      <ul className={classes.list}>
        {invitations.map(({ id, email, role, grants, is_new_password: isNewPassword, expires_at: until }) => {
          const whom = email ?? texts.anyone;
          return (
            <li key={id} className={classes.invitation}>
              <div className={classes.who}>
                <span className={classes.name}>{whom}</span>
                <span className={classes.soft}>
                  {isNewPassword ? texts.resets : texts.roles[role]} · {texts.until} <RelativeTime time={until} />
                </span>
                <GrantList grants={grants} />
              </div>
              <Button
                size="xs"
                variant="default"
                aria-label={texts.withdrawOf(whom)}
                onClick={() => withdraw.mutate(id)}
              >
                {texts.withdraw}
              </Button>
            </li>
          );
        })}
      </ul>
    </Panel>
  );
}
