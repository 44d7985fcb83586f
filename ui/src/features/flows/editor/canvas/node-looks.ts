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
import { counted } from '@/lib/counted';
import { isRecord } from '@/lib/json';
import { own } from '@/lib/own';
import { formatDuration } from '@/lib/time';
import { casesOf } from '../document/cases';
import { conditionText } from '../document/to-canvas';

export interface NodeLook {
  icon: ComponentType<{ size?: number | string; stroke?: number; 'aria-hidden'?: boolean }>;
  tone: Tone;
  label: string;
}

const LOOKS: Record<string, NodeLook> = {
  trigger: { icon: IconBolt, tone: 'success', label: 'Trigger' },
  agent: { icon: IconRobot, tone: 'attention', label: 'Agent' },
  code: { icon: IconCode, tone: 'info', label: 'Code' },
  condition: { icon: IconGitBranch, tone: 'warning', label: 'If' },
  switch: { icon: IconArrowsSplit, tone: 'warning', label: 'Switch' },
  delay: { icon: IconClockPause, tone: 'neutral', label: 'Delay' },
  parallel: { icon: IconArrowFork, tone: 'neutral', label: 'Parallel' },
  merge: { icon: IconArrowMerge, tone: 'neutral', label: 'Merge' },
  approval: { icon: IconUserCheck, tone: 'attention', label: 'Approval' },
  wait_event: { icon: IconBellRinging, tone: 'neutral', label: 'Event' },
  map: { icon: IconStack2, tone: 'neutral', label: 'Map' },
  loop: { icon: IconRepeat, tone: 'neutral', label: 'Loop' },
  subflow: { icon: IconSitemap, tone: 'info', label: 'Sub-flow' },
  http_request: { icon: IconWorld, tone: 'info', label: 'HTTP' },
  transform: { icon: IconBraces, tone: 'info', label: 'Transform' },
  aggregate_results: { icon: IconBraces, tone: 'info', label: 'Aggregate' },
  echo: { icon: IconMessageCircle, tone: 'info', label: 'Echo' },
  send_email: { icon: IconMail, tone: 'info', label: 'Email' },
  slack_message: { icon: IconBrandSlack, tone: 'info', label: 'Slack' },
  send_webhook: { icon: IconWebhook, tone: 'info', label: 'Webhook' },
  mcp_tool: { icon: IconPlug, tone: 'info', label: 'MCP tool' },
  fail: { icon: IconAlertOctagon, tone: 'danger', label: 'Fail' },
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
        ? counted(Object.keys(isRecord(node.form.properties) ? node.form.properties : {}).length, 'field')
        : null;
    case 'delay':
      if (typeof node.delay_seconds === 'number') return formatDuration(node.delay_seconds * 1_000);
      return typeof node.until === 'string' ? `until ${node.until}` : text(node.delay_seconds);
    case 'wait_event':
      return text(node.event);
    case 'agent':
      return text(node.skill);
    case 'code':
      return firstLine(node.source);
    case 'map':
    case 'loop':
      return counted(bodyOf(node)?.nodes.length ?? 0, 'node');
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
