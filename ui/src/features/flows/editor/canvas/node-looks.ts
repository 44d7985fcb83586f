/** The look of each node type: icon, tone, label, and a summary of one node. */
import {
  IconAlertOctagon,
  IconArrowFork,
  IconArrowMerge,
  IconArrowsSplit,
  IconBellRinging,
  IconBolt,
  IconBox,
  IconBraces,
  IconBrandSlack,
  IconClockPause,
  IconCode,
  IconGitBranch,
  IconMail,
  IconMessageCircle,
  IconPlug,
  IconRepeat,
  IconRobot,
  IconSitemap,
  IconStack2,
  IconUserCheck,
  IconWebhook,
  IconWorld,
} from '@tabler/icons-react';
import type { ComponentType } from 'react';
import { bodyOf } from '@/api/bodies';
import type { FlowNode } from '@/api/types';
import type { Tone } from '@/components/status';
import { isRecord } from '@/lib/json';
import { own } from '@/lib/own';
import { formatDuration } from '@/lib/time';
import { casesOf } from '../document/cases';
import { conditionText } from '../document/to-canvas';
import { texts } from './look-texts';

export interface NodeLook {
  icon: ComponentType<{ size?: number | string; stroke?: number; 'aria-hidden'?: boolean }>;
  tone: Tone;
  label: string;
}

const { kinds } = texts;

const LOOKS: Record<string, NodeLook> = {
  trigger: { icon: IconBolt, tone: 'success', label: kinds.trigger },
  agent: { icon: IconRobot, tone: 'attention', label: kinds.agent },
  code: { icon: IconCode, tone: 'info', label: kinds.code },
  condition: { icon: IconGitBranch, tone: 'warning', label: kinds.condition },
  switch: { icon: IconArrowsSplit, tone: 'warning', label: kinds.switch },
  delay: { icon: IconClockPause, tone: 'neutral', label: kinds.delay },
  parallel: { icon: IconArrowFork, tone: 'neutral', label: kinds.parallel },
  merge: { icon: IconArrowMerge, tone: 'neutral', label: kinds.merge },
  approval: { icon: IconUserCheck, tone: 'attention', label: kinds.approval },
  wait_event: { icon: IconBellRinging, tone: 'neutral', label: kinds.wait_event },
  map: { icon: IconStack2, tone: 'neutral', label: kinds.map },
  loop: { icon: IconRepeat, tone: 'neutral', label: kinds.loop },
  subflow: { icon: IconSitemap, tone: 'info', label: kinds.subflow },
  http_request: { icon: IconWorld, tone: 'info', label: kinds.http_request },
  transform: { icon: IconBraces, tone: 'info', label: kinds.transform },
  aggregate_results: { icon: IconBraces, tone: 'info', label: kinds.aggregate_results },
  echo: { icon: IconMessageCircle, tone: 'info', label: kinds.echo },
  send_email: { icon: IconMail, tone: 'info', label: kinds.send_email },
  slack_message: { icon: IconBrandSlack, tone: 'info', label: kinds.slack_message },
  send_webhook: { icon: IconWebhook, tone: 'info', label: kinds.send_webhook },
  mcp_tool: { icon: IconPlug, tone: 'info', label: kinds.mcp_tool },
  fail: { icon: IconAlertOctagon, tone: 'danger', label: kinds.fail },
};

/** Returns the look of a type, or of an action by its name. */
export function lookOf(type: string, action?: unknown): NodeLook {
  const key = type === 'action' ? String(action) : type;
  return own(LOOKS, key) ?? { icon: IconBox, tone: 'neutral', label: key === 'undefined' ? type : key };
}

/** Returns the most important setting of a node: its URL, condition or delay. */
export function summaryOf(node: FlowNode): string | null {
  const input = isRecord(node.input) ? node.input : {};
  switch (node.type) {
    case 'condition':
      return conditionText(node.condition) || null;
    case 'switch':
      return casesOf(node).join(', ');
    case 'approval':
      return isRecord(node.form)
        ? texts.fields(Object.keys(isRecord(node.form.properties) ? node.form.properties : {}).length)
        : null;
    case 'delay':
      if (typeof node.delay_seconds === 'number') return formatDuration(node.delay_seconds * 1_000);
      return typeof node.until === 'string' ? texts.until(node.until) : text(node.delay_seconds);
    case 'wait_event':
      return text(node.event);
    case 'agent':
      return text(node.skill);
    case 'code':
      return firstLine(node.source);
    case 'map':
    case 'loop':
      return texts.nodes(bodyOf(node)?.nodes.length ?? 0);
    case 'action':
      if (node.action === 'http_request') return address(input);
      if (node.action === 'fail') return text(input.message);
      if (node.action === 'mcp_tool') return text(node.tool);
      return Object.keys(input).join(', ') || null;
    default:
      return null;
  }
}

function address({ method, url }: Record<string, unknown>): string | null {
  const target = text(url)?.replace(/^https?:\/\//, '');
  return target ? `${text(method) ?? 'GET'} ${target}` : null;
}

function firstLine(source: unknown): string | null {
  const lines = typeof source === 'string' ? source.split('\n') : [];
  return lines.map((line) => line.trim()).find((line) => line !== '') ?? null;
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
