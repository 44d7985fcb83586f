import {
  IconActivityHeartbeat,
  IconAlertTriangle,
  IconBell,
  IconBuilding,
  IconChartHistogram,
  IconChecklist,
  IconKey,
  IconListDetails,
  IconLock,
  IconRobot,
  IconSearch,
  IconSitemap,
  IconUsers,
} from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { accountQuery } from '@/api/account';
import { openPalette } from '@/app/palette-store';
import { keysText } from '@/lib/shortcut';
import { texts } from '@/lib/texts';
import { HelpMenu } from './help-menu';
import { LanguageSwitch } from './language-switch';
import { Logo } from './logo';
import { PersonMenu } from './person-menu';
import classes from './shell.module.css';
import { ThemeSwitch } from './theme-switch';
import { ApprovalsBadge, AssignedBadge, WaitingBadge } from './waiting-badge';

export const PAGES = [
  { to: '/flows', label: texts.nav.flows, icon: IconSitemap },
  { to: '/executions', label: texts.nav.executions, icon: IconActivityHeartbeat },
  { to: '/approvals', label: texts.nav.approvals, icon: IconChecklist },
  { to: '/failures', label: texts.nav.failures, icon: IconAlertTriangle },
  { to: '/alerts', label: texts.nav.alerts, icon: IconBell },
  { to: '/analytics', label: texts.nav.analytics, icon: IconChartHistogram },
  { to: '/agents', label: texts.nav.agents, icon: IconRobot },
] as const;

/** Pages about the server, for those who may use them. The last ones are of no use where nobody signs in. */
const SERVER_PAGES = [
  { to: '/secrets', label: texts.nav.secrets, icon: IconLock, needs: 'view_secrets', isOfAccounts: false },
  { to: '/audit', label: texts.nav.audit, icon: IconListDetails, needs: 'read_audit', isOfAccounts: false },
  { to: '/members', label: texts.nav.members, icon: IconUsers, needs: 'manage_members', isOfAccounts: true },
  { to: '/tenants', label: texts.nav.tenants, icon: IconBuilding, needs: 'manage_tenants', isOfAccounts: true },
  { to: '/keys', label: texts.nav.keys, icon: IconKey, needs: 'use_own_account', isOfAccounts: true },
] as const;

/** The pages about the server that are shown. */
export function useServerPages() {
  const account = useQuery(accountQuery()).data;
  if (!account) return [];
  const isShown = ({ needs, isOfAccounts }: (typeof SERVER_PAGES)[number]) =>
    account.permissions.includes(needs) && !(isOfAccounts && account.is_local);
  return SERVER_PAGES.filter(isShown);
}

/** The main navigation; beside the page on wide screens, in a drawer on narrow ones. */
export function Navigation() {
  const serverPages = useServerPages();
  return (
    <nav className={classes.nav} aria-label={texts.nav.label}>
      <Link to="/flows" className={classes.brand}>
        <Logo />
        {texts.product}
      </Link>
      <button type="button" className={classes.search} onClick={openPalette}>
        <IconSearch size={15} aria-hidden />
        {texts.palette.open}
        <kbd className={classes.keys}>{keysText('mod+K')}</kbd>
      </button>
      {PAGES.map(({ to, label, icon: Icon }) => (
        <div key={to} className={classes.entry}>
          <Link to={to} className={classes.link} activeOptions={{ includeSearch: false }}>
            <Icon size={17} stroke={1.7} aria-hidden />
            {label}
          </Link>
          {to === '/executions' && <WaitingBadge />}
          {to === '/approvals' && <ApprovalsBadge />}
          {to === '/failures' && <AssignedBadge />}
        </div>
      ))}
      {serverPages.length > 0 && <hr className={classes.divider} />}
      {serverPages.map(({ to, label, icon: Icon }) => (
        <div key={to} className={classes.entry}>
          <Link to={to} className={classes.link} activeOptions={{ includeSearch: false }}>
            <Icon size={17} stroke={1.7} aria-hidden />
            {label}
          </Link>
        </div>
      ))}
      <div className={classes.foot}>
        <PersonMenu />
        <div className={classes.footEnd}>
          <HelpMenu />
          <LanguageSwitch />
          <ThemeSwitch />
        </div>
      </div>
    </nav>
  );
}
