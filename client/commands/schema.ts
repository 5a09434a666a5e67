import type { CommandDefinition, Invocation } from './definition.js';
import { optionalText } from './definition.js';

export const schema: CommandDefinition = {
  name: 'schema',
  summary: 'Print a JSON Schema of blueprints, for editors',
  description:
    'Prints a JSON Schema with which editors complete and check blueprints as they are written. With --for it knows the types of one blueprint too: their names, properties and operations.',
  options: [{ flags: '--for <blueprint>', summary: 'a YAML file, or a folder with a blueprint.yaml' }],
  examples: [
    ['caisson schema > blueprint.schema.json', 'the language'],
    ['caisson schema --for shop.yaml > shop.schema.json', 'and the types of shop.yaml'],
  ],
  run,
};

async function run(invocation: Invocation): Promise<number> {
  const { io, global } = invocation;
  const { editorSchema } = await import('../../blueprint/editor-schema.js');
  const file = optionalText(invocation, 'for');
  if (file === undefined) {
    io.out(JSON.stringify(editorSchema(), null, 2));
    return 0;
  }
  const { blueprintTypes } = await import('../../blueprint/blueprint-types.js');
  const { editorSchemaFor } = await import('../../blueprint/editor-types.js');
  const { hostOf, mainFileOf } = await import('../prepare.js');
  const { installedPlugins } = await import('../session.js');
  const main = await mainFileOf(file);
  const types = await blueprintTypes(main, await hostOf(main, await installedPlugins(global, io)));
  if (!types) {
    const { CaissonError } = await import('../errors.js');
    throw new CaissonError('validation', 'C2001', `${file} cannot be read`, { hint: `see: caisson validate ${file}` });
  }
  io.out(JSON.stringify(editorSchemaFor(types), null, 2));
  return 0;
}
