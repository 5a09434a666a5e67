/** Calls that change attributes of something that is there; most of them take one attribute at a time. */
import { isObject, type Json, type JsonObject } from '../../blueprint/json.js';
import { type Call, flattened } from './call.js';

/** @param input the create operation's input that lists attributes to set at once */
export function modifyAttributes(command: string, idParameter: string, input: string) {
  return async ({ api, inputs, runtime, external, force, ctx }: Call, created?: string): Promise<void> => {
    const id = created ?? runtime.aws_resource_id;
    if (typeof id !== 'string' || (external && !force)) return;
    for (const changes of attributesIn(inputs[input], created === undefined ? inputs.resource_config : undefined)) {
      await api.send(command, { [idParameter]: id, ...flattened(changes) });
      ctx.logger.info('%s: %s', id, Object.keys(changes).join(', '));
    }
  };
}

function attributesIn(...given: readonly (Json | undefined)[]): JsonObject[] {
  return given
    .flatMap((value) => (Array.isArray(value) ? value : [value]))
    .filter((value) => isObject(value) && Object.keys(value).length > 0) as JsonObject[];
}
