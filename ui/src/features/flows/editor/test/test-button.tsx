import { ActionIcon, Menu } from '@mantine/core';
import { IconChevronDown, IconFlask, IconPlayerTrackNext, IconRoute } from '@tabler/icons-react';
import { useMay } from '@/api/use-may';
import { Keys } from '@/components/commands/keys';
import { ReasonedButton } from '@/components/reasoned-button';
import { keysText } from '@/lib/shortcut';
import { useBench } from '../bench/bench-context';
import { useTests } from '../bench/use-testing';
import { useDraft } from '../document/draft-context';
import classes from './node-test.module.css';
import { isUnderWay } from './output-pane';
import { texts } from './texts';

/** Tests a node, alone or with those before or after it. */
export function TestButton({ id }: { id: string }) {
  const { start } = useTests();
  const step = useBench((state) => state.chain?.steps.get(id) ?? null);
  const isInBody = useDraft((state) => state.inside.length > 0);
  const { why } = useMay('edit_flows');
  const reason = why ?? (isInBody ? texts.notAlone : null);
  return (
    <span className={classes.split}>
      <ReasonedButton
        size="compact-sm"
        reason={reason}
        hint={`${texts.testAlone} (${keysText('T')})`}
        loading={isUnderWay(step)}
        leftSection={<IconFlask size={14} aria-hidden />}
        onClick={() => start(id, 'one')}
      >
        {texts.test}
      </ReasonedButton>
      {!reason && (
        <Menu position="bottom-end" withinPortal shadow="md">
          <Menu.Target>
            <ActionIcon size={26} variant="filled" color="steady" aria-label={texts.more} title={texts.more}>
              <IconChevronDown size={14} aria-hidden />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item
              leftSection={<IconRoute size={15} stroke={1.7} aria-hidden />}
              rightSection={<Keys of="U" />}
              onClick={() => start(id, 'upTo')}
            >
              {texts.upTo}
            </Menu.Item>
            <Menu.Item
              leftSection={<IconPlayerTrackNext size={15} stroke={1.7} aria-hidden />}
              rightSection={<Keys of="R" />}
              onClick={() => start(id, 'from')}
            >
              {texts.from}
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      )}
    </span>
  );
}
