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

  constructor(url: string) {
    this.#base = `${url}/api/v1/studio`;
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

  async createFlow(document: FlowDocument): Promise<string> {
    const flow = await this.#call<{ id: string }>('POST', '/flows', document);
    return flow.id;
  }

  /** Registers a remote agent with one skill. */
  async createAgent(name: string): Promise<void> {
    const config = { endpoint: 'https://agents.example/clerk' };
    await this.#call('POST', '/agents', { name, agent_type: 'http', config, skills: [{ name: 'file' }] });
  }

  /** Starts an execution; returns its id. */
  async run(flow: string, triggerData: unknown = {}): Promise<string> {
    const body = { trigger_data: triggerData };
    const started = await this.#call<{ execution_id: string }>('POST', `/flows/${flow}/execute`, body);
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

  /** Waits until an execution has this status. */
  async reaches(id: string, status: string): Promise<void> {
    await expect.poll(async () => (await this.execution(id)).status, { timeout: 30_000 }).toBe(status);
  }

  async #call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const request = { method, headers: { 'content-type': 'application/json' } };
    const answer = await fetch(this.#base + path, body === undefined ? request : { ...request, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${await answer.text()}`);
    return answer.json() as Promise<T>;
  }
}
