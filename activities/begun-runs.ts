/**
 * Runs of executions as they began, read from the first event of their history: once for all their operations that this
 * worker gets.
 */
import { Context } from '@temporalio/activity';
import { RunAtBegin } from '../workflows/lean-request.js';
import type { ExecutionInput } from '../workflows/messages.js';
import type { PayloadReader } from './history.js';

/** Node instances in memory at once, of all runs together. The run asked for last stays in any case. */
const MOST_INSTANCES = 20_000;
const MOST_RUNS = 64;

export class BegunRuns {
  /** By run id, the one asked for last at the end. */
  readonly #runs = new Map<string, BegunRun>();

  constructor(readonly payloads: PayloadReader) {}

  /** The run that the current activity belongs to. */
  async current(): Promise<RunAtBegin> {
    const { workflowId, runId } = Context.current().info.workflowExecution ?? {};
    if (workflowId === undefined || runId === undefined) throw new Error('an operation runs outside of any workflow');
    const run = this.#runs.get(runId) ?? { read: this.#read(workflowId, runId), instances: 0 };
    this.#runs.delete(runId);
    this.#runs.set(runId, run);
    return await run.read;
  }

  async #read(workflowId: string, runId: string): Promise<RunAtBegin> {
    try {
      const run = new RunAtBegin(await inputOf(workflowId, runId, this.payloads));
      this.#runs.set(runId, { read: Promise.resolve(run), instances: run.input.instances.length });
      this.#forget(runId);
      return run;
    } catch (error) {
      // Whoever asks next tries again.
      this.#runs.delete(runId);
      throw error;
    }
  }

  #forget(latest: string): void {
    const total = () => [...this.#runs.values()].reduce((sum, { instances }) => sum + instances, 0);
    for (const [runId, { instances }] of [...this.#runs]) {
      if (this.#runs.size <= MOST_RUNS && total() <= MOST_INSTANCES) return;
      if (runId !== latest && instances > 0) this.#runs.delete(runId);
    }
  }
}

interface BegunRun {
  readonly read: Promise<RunAtBegin>;
  /** 0 while it is being read. */
  readonly instances: number;
}

async function inputOf(workflowId: string, runId: string, payloads: PayloadReader): Promise<ExecutionInput> {
  const { client } = Context.current();
  const { history } = await client.workflowService.getWorkflowExecutionHistory({
    namespace: client.options.namespace,
    execution: { workflowId, runId },
    maximumPageSize: 1,
  });
  const started = history?.events?.[0]?.workflowExecutionStartedEventAttributes;
  const input = await payloads.first(started?.input);
  if (!input) throw new Error(`the history of ${workflowId} does not begin with an execution's input`);
  return input as ExecutionInput;
}
