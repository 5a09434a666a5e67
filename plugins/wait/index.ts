/**
 * Waiting: for an approval, a signal, a time. The operations are declared here, so that blueprints can map them; the
 * engine does them itself, in workflow code, and never calls what stands below.
 */
import { definePlugin, NonRecoverableError, type OperationDefinition, operation } from '../sdk/index.js';

function doneByTheEngine(name: string): OperationDefinition {
  return operation({}, () => {
    throw new NonRecoverableError(`wait.${name} was sent to a worker; worker and client are of different versions`);
  });
}

const names = ['approval', 'signal', 'timer', 'until', 'for'];

export default definePlugin({
  name: 'wait',
  packageNames: ['caisson-wait'],
  version: '1.0.0',
  operations: Object.fromEntries(names.map((name) => [name, doneByTheEngine(name)])),
});
