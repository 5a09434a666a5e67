/** Graphs of tasks: built first, then run under the same rules as the built-in workflows. */
import type { JsonObject } from '../../blueprint/json.js';
import type { OperationCall, Sequence } from '../../graph/steps.js';
import type { OperationOptions, WorkflowInstance } from './context.js';

/** One thing to do in a graph. */
export interface GraphTask {
  readonly id: string;
}

/** Tasks that belong together: what depends on it waits for all of them. */
export interface Subgraph extends GraphTask {
  task(instance: WorkflowInstance, operation: string, kwargs?: JsonObject, options?: OperationOptions): GraphTask;
  relationshipTask(
    instance: WorkflowInstance,
    targetId: string,
    side: 'source' | 'target',
    operation: string,
    kwargs?: JsonObject,
    options?: OperationOptions,
  ): GraphTask;
  setState(instance: WorkflowInstance, state: string): GraphTask;
  sendEvent(instance: WorkflowInstance, message: string): GraphTask;
  subgraph(name: string): Subgraph;
  /** `task` begins after `dependency` has ended. */
  addDependency(task: GraphTask, dependency: GraphTask): void;
  /**
   * Tasks one after the other. A list among them runs side by side.
   *
   * @example
   * graph.sequence(stopA, [backupA, backupB], startA);
   */
  sequence(...tasks: readonly (GraphTask | readonly GraphTask[])[]): void;
}

/** Tasks with an order between them, run together. */
export interface TaskGraph extends Subgraph {
  /**
   * Runs the tasks, each after what it depends on, as many side by side as the execution may have in flight. May be
   * called once.
   *
   * @throws ApplicationFailure with every task that failed, once what ran has ended
   */
  execute(): Promise<void>;
}

/** How a graph turns what authors give it into calls. */
export interface GraphHost {
  /** Undefined for an operation that is not mapped. */
  callOf(
    instanceId: string,
    operation: string,
    kwargs: JsonObject,
    options: OperationOptions,
    relationship?: { readonly targetId: string; readonly side: 'source' | 'target' },
  ): OperationCall | undefined;
  run(name: string, sequences: readonly Sequence[]): Promise<void>;
}

interface Vertex {
  readonly id: string;
  readonly instance_id: string;
  readonly steps: Sequence['steps'];
  readonly after: Set<string>;
}

export function taskGraph(name: string, host: GraphHost): TaskGraph {
  const vertices: Vertex[] = [];
  let executed = false;

  function vertex(instanceId: string, steps: Sequence['steps']): Vertex {
    if (executed) throw new Error(`graph ${name} has been executed: make another one`);
    const made = { id: `${vertices.length + 1}`, instance_id: instanceId, steps, after: new Set<string>() };
    vertices.push(made);
    return made;
  }

  const root = subgraphOf(vertex, host, new Map());
  return {
    ...root,
    async execute() {
      if (executed) throw new Error(`graph ${name} has been executed: make another one`);
      executed = true;
      const cycle = cycleIn(vertices);
      if (cycle) throw new Error(`the tasks of graph ${name} wait for each other: ${cycle.join(' → ')}`);
      await host.run(
        name,
        vertices.map(({ after, ...rest }) => ({ ...rest, after: [...after] })),
      );
    },
  };
}

/** Where dependencies on a task attach: a subgraph has two ends. */
interface Ends {
  readonly begin: Vertex;
  readonly end: Vertex;
}

function subgraphOf(
  vertex: (instanceId: string, steps: Sequence['steps']) => Vertex,
  host: GraphHost,
  ends: Map<string, Ends>,
  within?: Ends,
): Subgraph {
  function placed(instanceId: string, steps: Sequence['steps']): GraphTask {
    const made = vertex(instanceId, steps);
    ends.set(made.id, { begin: made, end: made });
    if (within) {
      made.after.add(within.begin.id);
      within.end.after.add(made.id);
    }
    return { id: made.id };
  }

  function called(call: OperationCall | undefined, instanceId: string): GraphTask {
    return placed(instanceId, call === undefined ? [] : [{ calls: [call] }]);
  }

  function endsOf({ id }: GraphTask): Ends {
    const found = ends.get(id);
    if (!found) throw new Error(`task ${id} belongs to another graph`);
    return found;
  }

  function addDependency(task: GraphTask, dependency: GraphTask): void {
    endsOf(task).begin.after.add(endsOf(dependency).end.id);
  }

  return {
    id: within?.begin.id ?? '',
    task: (instance, operation, kwargs = {}, options = {}) =>
      called(host.callOf(instance.id, operation, kwargs, options), instance.id),
    relationshipTask: (instance, targetId, side, operation, kwargs = {}, options = {}) =>
      called(host.callOf(instance.id, operation, kwargs, options, { targetId, side }), instance.id),
    setState: (instance, state) => placed(instance.id, [{ enter: { state }, calls: [] }]),
    sendEvent: (instance, message) => placed(instance.id, [{ enter: { event: message }, calls: [] }]),
    subgraph() {
      const begin = vertex('', []);
      const end = vertex('', []);
      end.after.add(begin.id);
      if (within) {
        begin.after.add(within.begin.id);
        within.end.after.add(end.id);
      }
      const own = { begin, end };
      ends.set(begin.id, own);
      return subgraphOf(vertex, host, ends, own);
    },
    addDependency,
    sequence(...tasks) {
      let before: readonly GraphTask[] = [];
      for (const step of tasks) {
        const now = Array.isArray(step) ? (step as readonly GraphTask[]) : [step as GraphTask];
        for (const task of now) for (const dependency of before) addDependency(task, dependency);
        if (now.length > 0) before = now;
      }
    },
  };
}

/** Ids of tasks that wait for each other in a ring; undefined when there are none. */
function cycleIn(vertices: readonly Vertex[]): string[] | undefined {
  const byId = new Map(vertices.map((own) => [own.id, own]));
  const state = new Map<string, 'open' | 'done'>();
  for (const start of vertices) {
    const path: { readonly own: Vertex; readonly rest: string[] }[] = [];
    const enter = (own: Vertex): void => {
      state.set(own.id, 'open');
      path.push({ own, rest: [...own.after] });
    };
    if (!state.has(start.id)) enter(start);
    for (let top = path.at(-1); top; top = path.at(-1)) {
      const next = top.rest.pop();
      if (next === undefined) {
        state.set(top.own.id, 'done');
        path.pop();
      } else if (state.get(next) === 'open') {
        const ids = path.map(({ own }) => own.id);
        return [...ids.slice(ids.indexOf(next)), next];
      } else if (!state.has(next)) enter(byId.get(next) as Vertex);
    }
  }
  return undefined;
}
