import type { ComponentType, ReactNode } from 'react';
import { useMark } from '@/components/marked';
import type { Tone } from '@/components/status';
import { visible } from '@/lib/json-text';
import classes from './conversation.module.css';

interface EntryProps {
  icon: ComponentType<{ size?: number; 'aria-hidden'?: boolean }>;
  tone: Tone;
  title: string;
  detail?: string | null;
  chip?: string | null;
  meta?: ReactNode;
  /** Its number among the steps of the node, where an address can name it. */
  step?: number | undefined;
  children: ReactNode;
}

/** One entry of a conversation: who says something, and what. */
export function Entry({ icon: Icon, tone, title, detail, chip, meta, step, children }: EntryProps) {
  return (
    <li className={classes.entry} {...useMark({ step })}>
      <span className={classes.mark} data-tone={tone}>
        <Icon size={14} aria-hidden />
      </span>
      <div className={classes.said}>
        <div className={classes.head}>
          <span className={classes.speaker}>{visible(title)}</span>
          {detail && <span className={classes.detail}>{detail}</span>}
          {chip && <span className={classes.chip}>{chip}</span>}
          {meta && <span className={classes.meta}>{meta}</span>}
        </div>
        {children}
      </div>
    </li>
  );
}
