import { SegmentedControl } from '@mantine/core';
import { useState } from 'react';
import { texts } from '@/lib/texts';
import { type Against, type Numbered, type Versioned, VersionItem } from './version-item';
import classes from './version-list.module.css';
import { Warnings } from './warnings';

interface VersionListProps<Version extends Numbered> extends Versioned<Version> {
  /** Newest first. */
  versions: readonly Version[];
  /** Why others cannot be read. */
  damaged: readonly string[];
}

const AGAINST = [
  { value: 'previous', label: texts.versions.previous },
  { value: 'current', label: texts.versions.current },
];

/** All versions of a document, their changes, and how to restore one. */
export function VersionList<Version extends Numbered>(props: VersionListProps<Version>) {
  const { versions, damaged, ...ofItems } = props;
  const [against, setAgainst] = useState<Against>('previous');
  const [open, setOpen] = useState<number | null>(null);
  return (
    <>
      {versions.length > 1 && (
        <div className={classes.compare}>
          <span className={classes.soft}>{texts.versions.compare}</span>
          <SegmentedControl
            size="xs"
            data={AGAINST}
            value={against}
            onChange={(value) => setAgainst(value as Against)}
            aria-label={texts.versions.compare}
          />
        </div>
      )}
      <Warnings messages={damaged} />
      <ol className={classes.list}>
        {versions.map((version, at) => (
          <VersionItem
            {...ofItems}
            key={version.version}
            version={version}
            base={baseOf(versions, at, against)}
            against={against}
            isOpen={open === version.version}
            onToggle={() => setOpen(open === version.version ? null : version.version)}
          />
        ))}
      </ol>
    </>
  );
}

/** Returns the version to compare with; none for the first version, and none for the current one with itself. */
function baseOf<Version extends Numbered>(all: readonly Version[], at: number, against: Against): Version | undefined {
  if (against === 'previous') return all[at + 1];
  const current = all.find((version) => version.is_current);
  return current === all[at] ? undefined : current;
}
