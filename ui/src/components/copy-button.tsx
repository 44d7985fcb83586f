import { ActionIcon, CopyButton as MantineCopyButton, Tooltip } from '@mantine/core';
import { IconCheck, IconCopy, IconLink } from '@tabler/icons-react';
import { texts } from '@/lib/texts';

interface CopyButtonProps {
  value: string;
  /** The label for the tooltip and screen readers: `Copy execution ID`. */
  label?: string;
  /** What it shows: `link` where an address is copied. */
  icon?: 'copy' | 'link';
}

/** Copies `value` and confirms it. */
export function CopyButton({ value, label = texts.actions.copy, icon = 'copy' }: CopyButtonProps) {
  const Icon = icon === 'link' ? IconLink : IconCopy;
  return (
    <MantineCopyButton value={value} timeout={1_500}>
      {({ copied, copy }) => (
        <Tooltip label={copied ? texts.actions.copied : label}>
          <ActionIcon size="sm" onClick={copy} aria-label={copied ? texts.actions.copied : label}>
            {copied ? <IconCheck size={14} aria-hidden /> : <Icon size={14} aria-hidden />}
          </ActionIcon>
        </Tooltip>
      )}
    </MantineCopyButton>
  );
}
