/** The API calls that tests use to prepare data. */
import { expect } from '@playwright/test';

/** The part of an execution that tests read. */
export interface Execution {
  id: string;
  status: string;
  error_message: string | null;
  retry_of: string | null;
}

export interface FlowDocument {
  name: string;
  flow_definition: { nodes: Record<string, unknown>[]; edges: Record<string, unknown>[] };
  [setting: string]: unknown;
}

export class Api {
  readonly #base: string;
  readonly #key: string | null;

  /** Calls a server, with an API key where it asks for one. */
  constructor(url: string, key: string | null = null) {
    this.#base = `${url}/api/v1/studio`;
    this.#key = key;
  }

  /** The id of the example flow called `name`. */
  async flowNamed(name: string): Promise<string> {
    const flows = await this.#call<{ id: string; name: string }[]>('GET', '/flows?limit=100');
    const flow = flows.find((candidate) => candidate.name === name);
    if (!flow) throw new Error(`There is no flow “${name}” among: ${flows.map((one) => one.name).join(', ')}`);
    return flow.id;
  }

  flow(id: string): Promise<Record<string, unknown>> {
    return this.#call('GET', `/flows/${id}`);
  }

  /** Creates a flow from the text of its document; returns its id. */
  async createFlowText(document: string): Promise<string> {
    const answer = await this.#send('POST', '/flows', document);
    const flow = (await answer.json()) as { id: string };
    return flow.id;
  }

  /** The answer about a flow, as it was sent. */
  async flowText(id: string): Promise<string> {
    return (await this.#send('GET', `/flows/${id}`)).text();
  }

  /** The answer about an execution, as it was sent. */
  async executionText(id: string): Promise<string> {
    return (await this.#send('GET', `/executions/${id}`)).text();
  }

  async createFlow(document: FlowDocument): Promise<string> {
    const flow = await this.#call<{ id: string }>('POST', '/flows', document);
    return flow.id;
  }

  /** Saves a new version of a flow. */
  async changeFlow(id: string, document: FlowDocument): Promise<void> {
    await this.#call('PATCH', `/flows/${id}`, document);
  }

  async activate(flow: string): Promise<void> {
    await this.#call('PATCH', `/flows/${flow}/activate`);
  }

  async pause(flow: string): Promise<void> {
    await this.#call('PATCH', `/flows/${flow}`, { status: 'paused' });
  }

  /** Registers a remote agent with one skill. */
  async createAgent(name: string): Promise<void> {
    const config = { endpoint: 'https://agents.example/clerk' };
    await this.createAgentOf({ name, agent_type: 'http', config, skills: [{ name: 'file' }] });
  }

  /** Registers an agent; returns its id. */
  async createAgentOf(document: Record<string, unknown>): Promise<string> {
    const agent = await this.#call<{ id: string }>('POST', '/agents', document);
    return agent.id;
  }

  /** Starts an execution; returns its id. */
  async run(flow: string, triggerData: unknown = {}): Promise<string> {
    const body = { trigger_data: triggerData };
    const started = await this.#call<{ execution_id: string }>('POST', `/flows/${flow}/execute`, body);
    return started.execution_id;
  }

  /** Starts an execution with the text of its trigger data; returns its id. */
  async runText(flow: string, triggerData: string): Promise<string> {
    const answer = await this.#send('POST', `/flows/${flow}/execute`, `{"trigger_data":${triggerData}}`);
    const started = (await answer.json()) as { execution_id: string };
    return started.execution_id;
  }

  /** Starts many executions, a few dozen at a time. */
  async runMany(flow: string, count: number): Promise<void> {
    let left = count;
    const runner = async () => {
      while (left-- > 0) await this.run(flow);
    };
    await Promise.all(Array.from({ length: 32 }, runner));
  }

  execution(id: string): Promise<Execution> {
    return this.#call('GET', `/executions/${id}`);
  }

  async executionsOf(flow: string): Promise<Execution[]> {
    return this.#call('GET', `/flows/${flow}/executions?limit=100`);
  }

  /** Ends the backoff of a node, as soon as it is in one. */
  async retryNow(execution: string, node: string): Promise<void> {
    await expect(async () => {
      await this.#send('POST', `/executions/${execution}/nodes/${node}/retry-now`);
    }).toPass({ timeout: 30_000 });
  }

  /** Decides on an approval, as another client would. */
  async decide(id: string, decision: 'approved' | 'rejected'): Promise<void> {
    const path = `/approvals/${encodeURIComponent(id)}`;
    const { arguments_hash } = await this.#call<{ arguments_hash: string }>('GET', path);
    await this.#send('POST', path, JSON.stringify({ decision, arguments_hash }));
  }

  /** Makes a link to decide with. */
  async link(id: string): Promise<{ url: string }> {
    return this.#call('POST', `/approvals/${encodeURIComponent(id)}/links`, {});
  }

  async cancel(execution: string): Promise<void> {
    await this.#send('POST', `/executions/${execution}/cancel`);
  }

  /** Waits until an execution has this status. */
  async reaches(id: string, status: string): Promise<void> {
    await expect.poll(async () => (await this.execution(id)).status, { timeout: 30_000 }).toBe(status);
  }

  async #call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await this.#send(method, path, body === undefined ? undefined : JSON.stringify(body));
    return answer.json() as Promise<T>;
  }

  async #send(method: string, path: string, body?: string): Promise<Response> {
    const credentials: Record<string, string> = this.#key === null ? {} : { authorization: `Bearer ${this.#key}` };
    const request = { method, headers: { 'content-type': 'application/json', ...credentials } };
    const answer = await fetch(this.#base + path, body === undefined ? request : { ...request, body });
    if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${await answer.text()}`);
    return answer;
  }
}
