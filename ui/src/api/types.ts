/** Short names for the wire types, and types that `openapi.json` leaves open. */
import type { Json as AnyJson } from '@/lib/json';
import type { components } from './schema';

type Schemas = components['schemas'];

/** Any JSON value. */
export type Json = AnyJson;

export type Usage = Schemas['Usage'];
export type ErrorClass = Schemas['ErrorClass'];
export type ExecutionStatus = Schemas['ExecutionStatus'];
export type NodeStatus = Schemas['NodeStatus'];

/** One execution as in lists and in the stream of all executions. */
export type ExecutionRow = Schemas['ExecutionSummary'];
export type Execution = Schemas['Execution'];
export type NodeExecution = Schemas['NodeExecution'];
/** How many executions a node started, and how they ended. */
export type ChildCounts = Schemas['ChildCounts'];
export type Attempt = Schemas['Attempt'];
/** An entry of the journal of an execution. */
export type JournalEvent = Schemas['JournalEvent'];
export type Actor = Schemas['Actor'];
/** What nodes there are. */
export type NodeTypes = Schemas['NodeTypes'];
/** What a node or an execution waits for. */
export type WaitingFor = Schemas['WaitingFor'];
/** What an agent was asked and answered in a node. */
export type Conversation = Schemas['Conversation'];
export type ConversationStep = Schemas['ConversationStep'];
export type Asked = Schemas['Asked'];
/** A message of the stream of what a model writes. */
export type LiveMessage = Schemas['TextStream'];
export type ConversationApproval = Schemas['ConversationApproval'];
/** The execution after a record of its journal. */
export type RecordEnd = Schemas['RecordEnd'];

/**
 * A node as the editor holds it.
 *
 * Written by hand, because a draft need not be valid: its type is any that the server's catalogue has, and its specific
 * keys are read with the schemas of that catalogue.
 */
export interface FlowNode {
  id: string;
  name?: string;
  type: string;
  position?: { x: number; y: number };
  [key: string]: unknown;
}

/** An edge as the editor holds it; a draft's condition may be anything. */
export interface FlowEdge {
  from: string;
  to: string;
  condition?: unknown;
  on?: string;
  [key: string]: unknown;
}

/** A graph as the editor holds it. The server adds empty `edges` and returns every other key unchanged. */
export interface FlowDefinition {
  nodes: FlowNode[];
  edges: FlowEdge[];
  [key: string]: unknown;
}

export type FlowStatus = Schemas['FlowStatus'];
export type Flow = Omit<Schemas['Flow'], 'flow_definition'> & { flow_definition: FlowDefinition };
/** One version of a flow: its document, and when it was saved. */
export type FlowVersion = Omit<Schemas['FlowVersion'], 'flow_definition'> & { flow_definition: FlowDefinition };
/** A flow document as it is sent. */
export type FlowInput = Omit<Schemas['FlowInput'], 'flow_definition'> & { flow_definition: FlowDefinition };
/** The keys of a flow that can be changed, as they are sent. */
export type FlowPatch = Omit<Schemas['FlowPatch'], 'flow_definition'> & { flow_definition?: FlowDefinition };
