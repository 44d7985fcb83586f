import { Button, Text } from '@mantine/core';
import classes from './table-foot.module.css';
import { texts } from './texts';

interface TableFootProps {
  /** How many rows there are. */
  count: number;
  /** Shows all of them; null while they are shown. */
  onShowAll: (() => void) | null;
  /** What the server left out; none if null. */
  leftOut: string | null;
}

/** Below a table of analytics: the rows that are not shown, and those that the server left out. */
export function TableFoot({ count, onShowAll, leftOut }: TableFootProps) {
  return (
    <>
      {onShowAll && (
        <div className={classes.foot}>
          <Button variant="subtle" color="gray" onClick={onShowAll}>
            {texts.showAll(count)}
          </Button>
        </div>
      )}
      {leftOut && (
        <Text className={classes.foot} size="sm">
          {leftOut}
        </Text>
      )}
    </>
  );
}
