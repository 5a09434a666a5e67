/**
 * Install and uninstall of one node instance as a sequence of steps.
 *
 * The order, the states and the event texts are Cloudify's; so is what is skipped for an instance that is already part
 * of the way. A state is set only together with a mapped operation, but for `initializing`, `started`, `stopped` and
 * `deleted`, which are always set.
 */
import { UNDO } from './begin.js';
import { relationshipSteps } from './relationship-steps.js';
import type { InstanceState, NodeInstance } from './state.js';
import type { Mark, Step } from './steps.js';
import { agentMethod, isHost, mappedOperation, nodeOf, type Topology } from './topology.js';

export const LIFECYCLE = 'cloudify.interfaces.lifecycle';
export const VALIDATION = 'cloudify.interfaces.validation';
const MONITORING = 'cloudify.interfaces.monitoring';
const HOST = 'cloudify.interfaces.host';
const MONITORING_AGENT = 'cloudify.interfaces.monitoring_agent';
const RELATIONSHIP = 'cloudify.interfaces.relationship_lifecycle';
const AGENT = 'cloudify.interfaces.cloudify_agent';

/** The states an install has to skip what lies before, by the state the instance had when the walk began. */
const INSTALLED_UP_TO: Readonly<Record<string, 'begun' | 'created' | 'configured' | 'started'>> = {
  creating: 'begun',
  created: 'created',
  configuring: 'created',
  configured: 'configured',
  starting: 'configured',
  started: 'started',
};

/** @param state where to begin: see graph/begin.ts */
export function installSteps(topology: Topology, instance: NodeInstance, state: InstanceState): Step[] {
  if (state.startsWith(UNDO)) return undoneFirst(topology, instance, state.slice(UNDO.length));
  const reached = INSTALLED_UP_TO[state];
  const steps = reached === 'started' ? [] : lifecycleOf(topology, instance, reached);
  const begins = isHost(nodeOf(topology, instance)) && reached !== 'started';
  if (!begins && steps.every(({ calls }) => calls.length === 0))
    return [mark({ state: 'started', event: 'Node instance started (nothing to do)' })];
  return [mark({ state: 'initializing' }), ...steps, mark({ state: 'started', event: 'Node instance started' })];
}

function lifecycleOf(
  topology: Topology,
  instance: NodeInstance,
  reached: 'begun' | 'created' | 'configured' | undefined,
): Step[] {
  const { call, relationships } = stepsOf(topology, instance);
  const nothing = (event: string): Step => mark({ event: `${event}: nothing to do` });
  const created = reached === 'created' || reached === 'configured';
  const configured = reached === 'configured';
  const steps = (skipped: boolean, event: string, own: Step[]): Step[] =>
    skipped || own.length === 0 ? [nothing(event)] : own;
  return [
    ...steps(
      reached !== undefined,
      'Validating node instance before creation',
      call(
        `${VALIDATION}.create`,
        { event: 'Validating node instance before creation' },
        { event: 'Node instance validated before creation' },
      ),
    ),
    ...steps(
      reached !== undefined,
      'Precreating node instance',
      call(`${LIFECYCLE}.precreate`, { event: 'Precreating node instance' }, { event: 'Node instance precreated' }),
    ),
    ...steps(
      created,
      'Creating node instance',
      call(
        `${LIFECYCLE}.create`,
        { event: 'Creating node instance', state: 'creating' },
        { event: 'Node instance created', state: 'created' },
      ),
    ),
    ...(configured
      ? []
      : relationships('preconfigure', 'Pre-configuring relationships', 'Relationships pre-configured')),
    ...steps(
      configured,
      'Configuring node instance',
      call(
        `${LIFECYCLE}.configure`,
        { state: 'configuring', event: 'Configuring node instance' },
        { state: 'configured', event: 'Node instance configured' },
      ),
    ),
    ...relationships('postconfigure', 'Post-configuring relationships', 'Relationships post-configured'),
    ...steps(
      false,
      'Starting node instance',
      call(`${LIFECYCLE}.start`, { state: 'starting', event: 'Starting node instance' }),
    ),
    ...(isHost(nodeOf(topology, instance)) ? hostStarted(topology, instance) : []),
    ...steps(
      false,
      'Poststarting node instance',
      call(`${LIFECYCLE}.poststart`, { event: 'Poststarting node instance' }, { event: 'Node instance poststarted' }),
    ),
    ...call(`${MONITORING}.start`),
    ...relationships('establish', 'Establishing relationships', 'Relationships established'),
  ];
}

/** Takes down what earlier executions left, its failures passed over, and then installs what is not there. */
function undoneFirst(topology: Topology, instance: NodeInstance, from: InstanceState): Step[] {
  if (from === 'starting') return [...stopAgain(topology, instance), ...installSteps(topology, instance, 'configured')];
  return [
    ...asUndo(uninstallSteps(topology, instance, from), true),
    ...installSteps(topology, instance, 'uninitialized'),
  ];
}

/** The lifecycle of an instance run again as a whole after it failed: down from where it is, and up. */
export function reinstallSteps(topology: Topology, instance: NodeInstance, from: InstanceState): Step[] {
  return [
    mark({ event: 'Node lifecycle failed. Attempting to re-run node lifecycle' }),
    mark({ opens: instance.id }),
    ...asUndo(uninstallSteps(topology, instance, from), false),
    mark({ closes: true }),
    mark({ opens: `install_${instance.id}` }),
    ...installSteps(topology, instance, topology.legacy ? from : 'uninitialized'),
    mark({ closes: true }),
  ];
}

/**
 * Before a resumed install sends `create` or `start` once more, what the first try may have left is taken down. Failures
 * of that are passed over.
 */
export function cleanupSteps(topology: Topology, instance: NodeInstance, resent: 'create' | 'start'): Step[] {
  const { call } = stepsOf(topology, instance);
  const steps =
    resent === 'start'
      ? stopAgain(topology, instance)
      : asUndo(
          [
            ...call(
              `${LIFECYCLE}.delete`,
              { event: 'Deleting node instance' },
              { event: 'Deleted node instance', unless_failed: [`${UNDO}${LIFECYCLE}.delete`] },
            ),
            ...call(
              `${LIFECYCLE}.postdelete`,
              { event: 'Postdeleting node instance' },
              { event: 'Node instance postdeleted' },
            ),
          ],
          true,
        );
  if (steps.length === 0) return [];
  return [
    mark({ event: 'Rolling back prior to resuming install' }),
    ...steps,
    mark({ event: 'Finished rolling back, now resuming install' }),
  ];
}

function stopAgain(topology: Topology, instance: NodeInstance): Step[] {
  const { call } = stepsOf(topology, instance);
  return asUndo(
    [
      ...call(`${LIFECYCLE}.prestop`, { event: 'Prestopping node instance' }, { event: 'Node instance prestopped' }),
      ...hostStopping(topology, instance),
      ...call(`${LIFECYCLE}.stop`, {}, { event: 'Stopped node instance' }),
    ],
    true,
  );
}

/** @param state where to begin: see graph/begin.ts */
export function uninstallSteps(topology: Topology, instance: NodeInstance, state: InstanceState): Step[] {
  const stopped = ['stopped', 'deleting', 'deleted'].includes(state);
  const gone = ['deleted', 'uninitialized'].includes(state);
  return [
    ...(stopped || state === 'uninitialized' || state === 'configured'
      ? [NOT_VALIDATED, mark({ event: `Stop: instance already ${instance.state}` })]
      : [mark({ state: 'stopping', event: 'Stopping node instance' }), ...stopSteps(topology, instance)]),
    ...(stopped ? [] : [mark({ state: 'stopped' })]),
    ...(gone ? [mark({ event: `Delete: instance already ${instance.state}` })] : deleteSteps(topology, instance)),
    ...(state === 'deleted'
      ? []
      : [mark({ state: 'deleted', event: 'Deleted node instance', ...unlessFailed(topology, `${LIFECYCLE}.delete`) })]),
  ];
}

/**
 * Back to the last settled state, as the reference's rollback does: what was starting is stopped and `configured`, what
 * was being made is deleted and `uninitialized`. What was being taken down (`gone:`) is taken down.
 */
export function rollbackSteps(topology: Topology, instance: NodeInstance, state: InstanceState): Step[] {
  if (state === 'starting')
    return [
      mark({ state: 'stopping', event: 'Stopping node instance' }),
      ...stopSteps(topology, instance),
      mark({ state: 'configured', ...unlessFailed(topology, `${LIFECYCLE}.stop`) }),
      mark({ event: `Rollback Delete: nothing to do, instance state is ${state}` }),
      mark({ event: 'Rollbacked node instance' }),
    ];
  if (state === 'creating' || state === 'configuring')
    return [
      NOT_VALIDATED,
      mark({ event: `Rollback Stop: nothing to do, instance state is ${state}` }),
      ...deleteSteps(topology, instance),
      mark({ state: 'uninitialized', ...unlessFailed(topology, `${LIFECYCLE}.delete`) }),
      mark({ event: 'Rollbacked node instance' }),
    ];
  if (state.startsWith('gone:')) return uninstallSteps(topology, instance, state.slice('gone:'.length));
  return [
    NOT_VALIDATED,
    mark({ event: `Rollback Stop: nothing to do, instance state is ${state}` }),
    mark({ event: `Rollback Delete: nothing to do, instance state is ${state}` }),
  ];
}

function stopSteps(topology: Topology, instance: NodeInstance): Step[] {
  const { call } = stepsOf(topology, instance);
  const stop = call(`${LIFECYCLE}.stop`, {}, { event: 'Stopped node instance' });
  const validate = call(
    `${VALIDATION}.delete`,
    { event: 'Validating node instance before deletion' },
    { event: 'Node instance validated before deletion' },
  );
  return [
    ...(validate.length > 0 ? validate : [NOT_VALIDATED]),
    ...call(`${MONITORING}.stop`),
    ...call(`${LIFECYCLE}.prestop`, { event: 'Prestopping node instance' }, { event: 'Node instance prestopped' }),
    ...hostStopping(topology, instance),
    ...(stop.length > 0 ? stop : [mark({ event: 'Stopped node instance: nothing to do' })]),
  ];
}

function deleteSteps(topology: Topology, instance: NodeInstance): Step[] {
  const { call, relationships } = stepsOf(topology, instance);
  const remove = call(`${LIFECYCLE}.delete`, { state: 'deleting', event: 'Deleting node instance' });
  return [
    ...relationships('unlink', 'Unlinking relationships', 'Relationships unlinked'),
    ...(remove.length > 0 ? remove : [mark({ event: 'Deleting node instance: nothing to do' })]),
    ...call(`${LIFECYCLE}.postdelete`, { event: 'Postdeleting node instance' }, { event: 'Node instance postdeleted' }),
  ];
}

/** After a host started: wait until it says it is up, then set up what watches it. */
function hostStarted(topology: Topology, instance: NodeInstance): Step[] {
  const { operations } = nodeOf(topology, instance);
  const name = `${HOST}.get_state`;
  const wait = mappedOperation(operations, name)
    ? [{ calls: [{ key: name, instance_id: instance.id, operation: name, poll: true }] }]
    : [];
  const { call } = stepsOf(topology, instance);
  const method = agentMethod(nodeOf(topology, instance));
  return [
    ...wait,
    ...(method === 'none' ? [] : call(`${AGENT}.create`, { event: 'Creating agent' }, { event: 'Agent created' })),
    ...(method === 'plugin' || method === 'init_script'
      ? call(`${AGENT}.start`, { event: 'Waiting for agent to start' }, { event: 'Agent started' })
      : []),
    ...call(`${MONITORING_AGENT}.install`),
    ...call(`${MONITORING_AGENT}.start`),
  ];
}

function hostStopping(topology: Topology, instance: NodeInstance): Step[] {
  const node = nodeOf(topology, instance);
  if (!isHost(node)) return [];
  const { call } = stepsOf(topology, instance);
  const method = agentMethod(node);
  const stop = method === 'plugin' || method === 'init_script' || method === 'provided' ? 'stop_amqp' : 'stop';
  return [
    ...call(`${MONITORING_AGENT}.stop`),
    ...call(`${MONITORING_AGENT}.uninstall`),
    ...(method === 'none'
      ? []
      : [
          ...call(`${AGENT}.${stop}`, { event: 'Stopping agent' }),
          ...call(`${AGENT}.delete`, { event: 'Deleting agent' }, { event: 'Agent deleted' }),
        ]),
  ];
}

function stepsOf(topology: Topology, instance: NodeInstance) {
  const { operations } = nodeOf(topology, instance);

  /** A step for one operation of the node; none where nothing is mapped to it. */
  function call(operation: string, enter: Mark = {}, leave: Mark = {}): Step[] {
    if (!mappedOperation(operations, operation)) return [];
    return [{ enter, calls: [{ key: operation, instance_id: instance.id, operation }], leave }];
  }

  function relationships(operation: string, begin: string, end: string): Step[] {
    const steps = relationshipSteps(topology, instance, operation);
    if (steps.length === 0) return [];
    const name = `${RELATIONSHIP}.${operation}_subgraph`;
    return [mark({ event: begin }), mark({ opens: name }), ...steps, mark({ closes: true }), mark({ event: end })];
  }

  return { call, relationships };
}

/** The same steps as a part of another sequence: under other keys. */
function asUndo(steps: readonly Step[], passOver: boolean): Step[] {
  const renamed = ({ unless_failed, ...rest }: Mark): Mark =>
    unless_failed ? { ...rest, unless_failed: unless_failed.map(undoKey) } : rest;
  return steps.map(({ enter, calls, leave }) => ({
    ...(enter ? { enter: renamed(enter) } : {}),
    calls: calls.map((call) => ({
      ...call,
      key: undoKey(call.key),
      ...(passOver ? { ignore_failure: true } : {}),
    })),
    ...(leave ? { leave: renamed(leave) } : {}),
  }));
}

const undoKey = (key: string): string => (key.startsWith(UNDO) ? key : `${UNDO}${key}`);

/** The reference says `deleted` whatever failed; by default only what was deleted is. */
function unlessFailed({ legacy }: Topology, key: string): Pick<Mark, 'unless_failed'> {
  return legacy ? {} : { unless_failed: [key] };
}

function mark(enter: Mark): Step {
  return { enter, calls: [] };
}

/** In the reference's words. */
const NOT_VALIDATED = mark({ event: 'Validating node instance after deletion: nothing to do' });
