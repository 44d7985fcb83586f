import {
  IconActivityHeartbeat,
  IconAlertTriangle,
  IconBell,
  IconChartHistogram,
  IconChecklist,
  IconRobot,
  IconSearch,
  IconSitemap,
} from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { openPalette } from '@/app/palette-store';
import { texts } from '@/lib/texts';
import { Logo } from './logo';
import { PersonMenu } from './person-menu';
import classes from './shell.module.css';
import { ThemeSwitch } from './theme-switch';
import { ApprovalsBadge, WaitingBadge } from './waiting-badge';

export const PAGES = [
  { to: '/flows', label: texts.nav.flows, icon: IconSitemap },
  { to: '/executions', label: texts.nav.executions, icon: IconActivityHeartbeat },
  { to: '/approvals', label: texts.nav.approvals, icon: IconChecklist },
  { to: '/failures', label: texts.nav.failures, icon: IconAlertTriangle },
  { to: '/alerts', label: texts.nav.alerts, icon: IconBell },
  { to: '/analytics', label: texts.nav.analytics, icon: IconChartHistogram },
  { to: '/agents', label: texts.nav.agents, icon: IconRobot },
] as const;

const IS_MAC = /mac|iphone|ipad/i.test(navigator.userAgent);

/** The main navigation; beside the page on wide screens, in a drawer on narrow ones. */
export function Navigation() {
  return (
    <nav className={classes.nav} aria-label={texts.nav.label}>
      <Link to="/flows" className={classes.brand}>
        <Logo />
        {texts.product}
      </Link>
      <button type="button" className={classes.search} onClick={openPalette}>
        <IconSearch size={15} aria-hidden />
        {texts.palette.open}
        <kbd className={classes.keys}>{IS_MAC ? '⌘K' : 'Ctrl K'}</kbd>
      </button>
      {PAGES.map(({ to, label, icon: Icon }) => (
        <div key={to} className={classes.entry}>
          <Link to={to} className={classes.link} activeOptions={{ includeSearch: false }}>
            <Icon size={17} stroke={1.7} aria-hidden />
            {label}
          </Link>
          {to === '/executions' && <WaitingBadge />}
          {to === '/approvals' && <ApprovalsBadge />}
        </div>
      ))}
      <div className={classes.foot}>
        <PersonMenu />
        <div className={classes.footEnd}>
          <a className={classes.docs} href="/api/docs" target="_blank" rel="noreferrer">
            {texts.nav.api}
          </a>
          <ThemeSwitch />
        </div>
      </div>
    </nav>
  );
}
