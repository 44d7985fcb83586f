import type { FlowDraft } from '@/api/flow-drafts';
import { texts } from './texts';

/** Returns who changed a draft last, for people to read. */
export const whoOf = ({ updated_by }: Pick<FlowDraft, 'updated_by'>) =>
  updated_by === 'user' ? texts.keeping.somebody : updated_by;
