import { Tooltip } from '@mantine/core';
import { IconPencilBolt } from '@tabler/icons-react';
import type { Flow } from '@/api/types';
import { texts } from '@/lib/texts';
import { formatMoment, millis } from '@/lib/time';
import classes from './draft-mark.module.css';

/** Says that somebody has changed a flow and not saved it as a version: who, and when. Nothing for a flow without a draft. */
export function DraftMark({ flow }: { flow: Flow }) {
  const { draft } = flow;
  if (!draft) return null;
  const { changedBy, somebody, mark } = texts.draft;
  const who = draft.updated_by === 'user' ? somebody : draft.updated_by;
  const label = changedBy(who, formatMoment(millis(draft.updated_at) ?? 0));
  return (
    <Tooltip label={label} multiline maw={320}>
      <span className={classes.mark}>
        <IconPencilBolt size={13} aria-hidden />
        {mark}
        <span className="visually-hidden">{label}</span>
      </span>
    </Tooltip>
  );
}
