import { Tooltip } from '@mantine/core';
import type { OtherTab } from '@/api/flow-presence';
import classes from './others.module.css';
import { texts } from './texts';

/** How many of them are drawn one by one. */
const DRAWN_MAX = 3;

/** Says who else has the flow open. Nothing while nobody has. */
export function Others({ others }: { others: readonly OtherTab[] }) {
  const names = [...new Set(others.map(nameOf))];
  const [only] = names;
  if (only === undefined) return <span role="status" aria-label={texts.others.label} />;
  const label = names.length === 1 ? texts.others.one(only) : texts.others.many(others.length);
  const left = names.length - DRAWN_MAX;
  return (
    <Tooltip label={names.map(texts.others.one).join('. ')} multiline maw={320}>
      <span className={classes.others} role="status" aria-label={texts.others.label}>
        {names.slice(0, DRAWN_MAX).map((name) => (
          <span key={name} className={classes.person} aria-hidden>
            {initialsOf(name)}
          </span>
        ))}
        {left > 0 && (
          <span className={classes.person} aria-hidden>
            +{left}
          </span>
        )}
        <span className={classes.words}>{label}</span>
      </span>
    </Tooltip>
  );
}

function nameOf({ name, is_you }: OtherTab): string {
  if (is_you) return texts.others.you;
  return name ?? texts.others.somebody;
}

/** Returns `AL` for `ada.lovelace@example.com`, and `A` for `ada`. */
function initialsOf(name: string): string {
  const words =
    name
      .split('@', 1)[0]
      ?.split(/[\s._-]+/)
      .filter(Boolean) ?? [];
  return words
    .slice(0, 2)
    .map((word) => [...word][0]?.toUpperCase())
    .join('');
}
