import { IconPlayerPause, IconPlayerPlay } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { pauseQuery } from '@/api/pause';
import { useMay } from '@/api/use-may';
import { ReasonedButton } from '@/components/reasoned-button';
import { RelativeTime } from '@/components/relative-time';
import { texts } from '@/lib/texts';
import classes from './offline-banner.module.css';
import { usePauseSwitch } from './use-pause-switch';

/** Shows on every page that everything is paused: who did it, when and why, and the way back. */
export function PauseBanner() {
  const { data } = useQuery(pauseQuery());
  const { resume } = usePauseSwitch();
  const { why } = useMay('control_executions');
  if (!data?.paused) return null;
  return (
    <div className={classes.banner} role="status">
      <IconPlayerPause size={16} aria-hidden className={classes.icon} />
      <strong>{texts.pause.title}</strong>
      <span>
        {texts.pause.by(data.by?.type, data.by?.id ?? null)} {data.since && <RelativeTime time={data.since} />}
        {data.reason ? <bdi>: {data.reason}</bdi> : '.'}
      </span>
      <span>{texts.pause.detail}</span>
      <ReasonedButton
        reason={why}
        size="compact-xs"
        variant="default"
        leftSection={<IconPlayerPlay size={13} aria-hidden />}
        loading={resume.isPending}
        onClick={resume.run}
      >
        {texts.pause.resume}
      </ReasonedButton>
    </div>
  );
}
