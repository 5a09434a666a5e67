import type { Capabilities, NodeInstanceView } from './context.js';
import { NonRecoverableError } from './errors.js';

/** What existing plugins call capabilities: the runtime properties of related instances, looked up over all of them. */
export function capabilitiesOf(instance: NodeInstanceView): Capabilities {
  const all = () =>
    Object.fromEntries(
      instance.relationships.map(({ target }) => [target.instance.id, target.instance.runtimeProperties]),
    );
  const holders = (key: string) => Object.entries(all()).filter(([, properties]) => Object.hasOwn(properties, key));
  return {
    getAll: all,
    has: (key) => holders(key).length > 0,
    get(key) {
      const found = holders(key);
      const [only] = found;
      if (only && found.length === 1) return only[1][key] ?? null;
      const where = found.length === 0 ? 'none has it' : `${found.map(([id]) => id).join(', ')} have it`;
      throw new NonRecoverableError(`capability ${key} of the instances related to ${instance.id}: ${where}`);
    },
  };
}
