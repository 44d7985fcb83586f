import { Button, Popover, TextInput } from '@mantine/core';
import { IconLink } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { createLink } from '@/api/approvals';
import { useMay } from '@/api/use-may';
import { CopyButton } from '@/components/copy-button';
import { ProblemCard } from '@/components/problem-card';
import { ReasonedButton } from '@/components/reasoned-button';
import { formatMoment, millis } from '@/lib/time';
import classes from './copy-link.module.css';
import { texts } from './texts';

/** How long the name is that a link is made for. */
const NAME_BYTES_MAX = 60;

/** Makes a link with which one person decides without the studio. Anyone who has it can decide, which is said. */
export function CopyLink({ id }: { id: string }) {
  const [isOpen, setOpen] = useState(false);
  const { why } = useMay('decide');
  return (
    <Popover opened={isOpen} onChange={setOpen} position="bottom-start" width={320} trapFocus returnFocus withinPortal>
      <Popover.Target>
        <ReasonedButton
          reason={why}
          size="compact-xs"
          variant="default"
          leftSection={<IconLink size={13} aria-hidden />}
          onClick={() => setOpen(!isOpen)}
        >
          {texts.link.open}
        </ReasonedButton>
      </Popover.Target>
      <Popover.Dropdown aria-label={texts.link.open}>{isOpen && <LinkForm id={id} />}</Popover.Dropdown>
    </Popover>
  );
}

function LinkForm({ id }: { id: string }) {
  const [name, setName] = useState('');
  const link = useMutation({
    mutationFn: async () => {
      const made = await createLink(id, name.trim());
      return { ...made, isCopied: await copied(made.url) };
    },
  });
  const isTooLong = new TextEncoder().encode(name.trim()).length > NAME_BYTES_MAX;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!isTooLong) link.mutate();
  };
  if (link.data) {
    const { url, expires_at: expiresAt, isCopied } = link.data;
    return (
      <div className={classes.form}>
        <TextInput
          label={texts.link.label}
          value={url}
          readOnly
          onFocus={(event) => event.target.select()}
          rightSection={<CopyButton value={url} label={texts.link.copy} />}
          data-autofocus
        />
        <p className={classes.note} role="status">
          {isCopied && texts.link.copied} {texts.link.made(formatMoment(millis(expiresAt) ?? 0))}
        </p>
      </div>
    );
  }
  return (
    <form className={classes.form} onSubmit={submit}>
      <TextInput
        label={texts.link.name}
        description={texts.link.nameDetail}
        value={name}
        onChange={(event) => setName(event.target.value)}
        error={isTooLong && texts.link.nameTooLong}
        data-autofocus
      />
      {link.error && <ProblemCard problem={link.error} />}
      <p className={classes.note}>{texts.link.warning}</p>
      <Button type="submit" loading={link.isPending}>
        {texts.link.make}
      </Button>
    </form>
  );
}

/** Copies a text, if the browser allows it; what is copied is shown in any case. */
async function copied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
