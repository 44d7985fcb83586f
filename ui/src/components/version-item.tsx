import { notifications } from '@mantine/notifications';
import { IconChevronRight, IconRestore } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { type ReactNode, useId, useMemo } from 'react';
import { texts } from '@/lib/texts';
import { ProblemCard } from './problem-card';
import { ReasonedButton } from './reasoned-button';
import { RelativeTime } from './relative-time';
import classes from './version-list.module.css';

/** What every version has. */
export interface Numbered {
  version: number;
  created_at: string;
  is_current: boolean;
  /** What was written about it when it was saved; agents have none. */
  note?: string | null;
}

export type Against = 'previous' | 'current';

/** The differences of a version. */
export interface Described {
  summary: string;
  /** `null` where there are none. */
  changes: ReactNode;
}

/** How versions of a kind of document are shown and restored. */
export interface Versioned<Version extends Numbered> {
  /** Compares two versions; the second is absent for the first one, and for the current one with itself. */
  describe: (version: Version, base: Version | undefined, against: Against) => Described;
  /** What a restore does. */
  restoreDetail: (version: number) => string;
  /** Why nothing can be restored; `null` if it can. */
  whyNotRestore: string | null;
  /** Restores a version; returns the new one. */
  onRestore: (version: number) => Promise<number>;
}

interface VersionItemProps<Version extends Numbered> extends Versioned<Version> {
  version: Version;
  /** The version to compare with; absent if there is none. */
  base: Version | undefined;
  against: Against;
  isOpen: boolean;
  onToggle: () => void;
}

/** One version: when it was saved and what it changed, in full when expanded. */
export function VersionItem<Version extends Numbered>(props: VersionItemProps<Version>) {
  const { version, base, against, describe, isOpen, onToggle } = props;
  const id = useId();
  const { summary, changes } = useMemo(() => describe(version, base, against), [describe, version, base, against]);
  return (
    <li className={classes.item} data-open={isOpen || undefined}>
      <button type="button" className={classes.head} aria-expanded={isOpen} aria-controls={id} onClick={onToggle}>
        <IconChevronRight size={15} aria-hidden className={classes.chevron} />
        <span className={classes.number}>{texts.versions.version(version.version)}</span>
        {version.is_current && (
          <span className={classes.current} data-tone="success">
            {texts.versions.isCurrent}
          </span>
        )}
        <span className={classes.when}>
          <RelativeTime time={version.created_at} />
        </span>
        {version.note && <span className={classes.note}>{version.note}</span>}
        <span className={classes.summary}>{summary}</span>
      </button>
      {isOpen && (
        <div className={classes.detail} id={id}>
          {changes && (
            <>
              <p className={classes.lead}>
                {against === 'current' ? texts.versions.fromCurrent : texts.versions.fromPrevious}
              </p>
              {changes}
            </>
          )}
          {!version.is_current && <Restore {...props} />}
        </div>
      )}
    </li>
  );
}

function Restore<Version extends Numbered>(props: VersionItemProps<Version>) {
  const { version, restoreDetail, whyNotRestore, onRestore } = props;
  const number = version.version;
  const restore = useMutation({
    mutationFn: () => onRestore(number),
    onSuccess: (made) => {
      notifications.show({
        id: 'version-restored',
        message: texts.versions.restored(number, made),
        color: 'green',
      });
    },
  });
  return (
    <div className={classes.restore}>
      {restore.isError && <ProblemCard problem={restore.error} />}
      <ReasonedButton
        reason={whyNotRestore}
        variant="default"
        leftSection={<IconRestore size={14} aria-hidden />}
        loading={restore.isPending}
        onClick={() => restore.mutate()}
      >
        {texts.versions.restoreLong(number)}
      </ReasonedButton>
      <span className={classes.soft}>{restoreDetail(number)}</span>
    </div>
  );
}
