/**
 * Install and uninstall of one node instance as a sequence of steps.
 *
 * The order, the states and the event texts are Cloudify's; so is what is skipped for an instance that is already part
 * of the way. A state is set only together with a mapped operation, but for `initializing`, `started`, `stopped` and
 * `deleted`, which are always set.
 */
import { type RelationshipOperation, relationshipSteps } from './relationship-steps.js';
import type { InstanceState, NodeInstance } from './state.js';
import type { Mark, Step } from './steps.js';
import { isHost, mappedOperation, nodeOf, type Topology } from './topology.js';

const LIFECYCLE = 'cloudify.interfaces.lifecycle';
const VALIDATION = 'cloudify.interfaces.validation';
const MONITORING = 'cloudify.interfaces.monitoring';
const HOST = 'cloudify.interfaces.host';
const MONITORING_AGENT = 'cloudify.interfaces.monitoring_agent';

/** The states an install has to skip what lies before, by the state the instance had when the walk began. */
const INSTALLED_UP_TO: Readonly<Record<string, 'begun' | 'created' | 'configured' | 'started'>> = {
  creating: 'begun',
  created: 'created',
  configuring: 'created',
  configured: 'configured',
  starting: 'configured',
  started: 'started',
};

export function installSteps(topology: Topology, instance: NodeInstance, state: InstanceState): Step[] {
  const { call, relationships } = stepsOf(topology, instance);
  const reached = INSTALLED_UP_TO[state];
  if (reached === 'started') return [mark({ state: 'started', event: 'Node instance started (nothing to do)' })];
  const validated = reached !== undefined;
  const created = reached === 'created' || reached === 'configured';
  const configured = reached === 'configured';
  return [
    mark({ state: 'initializing' }),
    ...(validated
      ? []
      : [
          ...call(`${VALIDATION}.create`, 'Validating node instance before creation', {}),
          ...call(`${LIFECYCLE}.precreate`, 'Precreating node instance', {}),
        ]),
    ...(created
      ? []
      : call(
          `${LIFECYCLE}.create`,
          'Creating node instance',
          { state: 'created', event: 'Node instance created' },
          'creating',
        )),
    ...(configured
      ? []
      : [
          ...relationships('preconfigure', 'Pre-configuring relationships', 'Relationships pre-configured'),
          ...call(
            `${LIFECYCLE}.configure`,
            'Configuring node instance',
            { state: 'configured', event: 'Node instance configured' },
            'configuring',
          ),
        ]),
    ...relationships('postconfigure', 'Post-configuring relationships', 'Relationships post-configured'),
    ...call(`${LIFECYCLE}.start`, 'Starting node instance', {}, 'starting'),
    ...(isHost(nodeOf(topology, instance)) ? hostStarted(topology, instance) : []),
    ...call(`${LIFECYCLE}.poststart`, 'Poststarting node instance', {}),
    ...call(`${MONITORING}.start`, undefined, {}),
    ...relationships('establish', 'Establishing relationships', 'Relationships established'),
    mark({ state: 'started', event: 'Node instance started' }),
  ];
}

export function uninstallSteps(topology: Topology, instance: NodeInstance, state: InstanceState): Step[] {
  const { call, relationships } = stepsOf(topology, instance);
  const stopped = ['stopped', 'deleting', 'deleted'].includes(state);
  const neverStarted = ['uninitialized', 'configured'].includes(state);
  const gone = ['deleted', 'uninitialized'].includes(state);
  return [
    ...(stopped || neverStarted
      ? [mark({ event: 'Stop: instance already stopped' })]
      : [
          mark({ state: 'stopping', event: 'Stopping node instance' }),
          ...call(`${VALIDATION}.delete`, 'Validating node instance before deletion', {}),
          ...call(`${MONITORING}.stop`, undefined, {}),
          ...call(`${LIFECYCLE}.prestop`, undefined, {}),
          ...(isHost(nodeOf(topology, instance))
            ? [
                ...call(`${MONITORING_AGENT}.stop`, undefined, {}),
                ...call(`${MONITORING_AGENT}.uninstall`, undefined, {}),
              ]
            : []),
          ...call(`${LIFECYCLE}.stop`, undefined, {}),
        ]),
    ...(stopped ? [] : [mark({ state: 'stopped', event: 'Stopped node instance' })]),
    ...(gone
      ? []
      : [
          ...relationships('unlink', 'Unlinking relationships', 'Relationships unlinked'),
          ...call(`${LIFECYCLE}.delete`, 'Deleting node instance', {}, 'deleting'),
          ...call(`${LIFECYCLE}.postdelete`, undefined, {}),
        ]),
    state === 'deleted'
      ? mark({ event: 'Delete: instance already deleted' })
      : mark({ state: 'deleted', event: 'Deleted node instance' }),
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
  return [
    ...wait,
    ...call(`${MONITORING_AGENT}.install`, undefined, {}),
    ...call(`${MONITORING_AGENT}.start`, undefined, {}),
  ];
}

function stepsOf(topology: Topology, instance: NodeInstance) {
  const { operations } = nodeOf(topology, instance);

  /** A step for one operation of the node; unmapped, just the event that says so (where Cloudify has one). */
  function call(operation: string, event: string | undefined, leave: Mark, state?: InstanceState): Step[] {
    if (!mappedOperation(operations, operation))
      return event === undefined ? [] : [mark({ event: `${event}: nothing to do` })];
    const enter = { ...(state === undefined ? {} : { state }), ...(event === undefined ? {} : { event }) };
    return [{ enter, calls: [{ key: operation, instance_id: instance.id, operation }], leave }];
  }

  function relationships(operation: RelationshipOperation, begin: string, end: string): Step[] {
    const steps = relationshipSteps(topology, instance, operation);
    if (steps.length === 0) return [mark({ event: `${begin}: nothing to do` })];
    return [mark({ event: begin }), ...steps, mark({ event: end })];
  }

  return { call, relationships };
}

function mark(enter: Mark): Step {
  return { enter, calls: [] };
}
