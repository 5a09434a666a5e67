import type { Json } from '../../blueprint/json.js';
import { type CommandDefinition, flag, type Invocation } from './definition.js';

type Kind = 'outputs' | 'capabilities';

export const outputs: CommandDefinition = command('outputs', 'Show the outputs of a deployment');
export const capabilities: CommandDefinition = command('capabilities', 'Show the capabilities of a deployment');

function command(kind: Kind, summary: string): CommandDefinition {
  return {
    name: kind,
    summary,
    description: `${summary}, evaluated with its state of now. Secrets are shown as ***.`,
    arguments: [
      { name: '<deployment>', summary: 'id of the deployment' },
      { name: '[name]', summary: 'one of them only' },
    ],
    options: [{ flags: '--raw', summary: 'print the value of the one alone, unquoted' }],
    examples: [
      [`caisson ${kind} shop`, 'all of them'],
      [`caisson ${kind} shop url --raw`, 'one value, for a script'],
    ],
    run: async (invocation) => await show(kind, invocation),
  };
}

async function show(kind: Kind, invocation: Invocation): Promise<number> {
  const { args, io, global } = invocation;
  const [deployment = '', name] = args;
  const { withSession } = await import('../session.js');
  const { outputsOf } = await import('../outputs.js');
  const { notFound } = await import('../errors.js');
  const { printSingle } = await import('../output/print.js');
  return await withSession(global, io, async ({ connection }) => {
    const all = (await outputsOf(connection, deployment))[kind];
    if (name !== undefined && !Object.hasOwn(all, name))
      throw notFound(
        kind === 'outputs' ? 'output' : 'capability',
        name,
        `there are: ${Object.keys(all).join(', ') || 'none'}`,
      );
    const chosen = name === undefined ? all : { [name]: all[name] as Json };
    if (flag(invocation, 'raw') && name !== undefined) {
      const value = all[name] as Json;
      io.out(typeof value === 'string' ? value : JSON.stringify(value));
      return 0;
    }
    if (Object.keys(all).length === 0 && global.format === 'table') io.err(`deployment ${deployment} has no ${kind}`);
    else
      printSingle(io, global.format, {
        kind,
        item: { deployment_id: deployment, [kind]: chosen },
        name: Object.keys(chosen).join('\n'),
        text: (await import('../output/print.js')).fields(chosen, io),
      });
    return 0;
  });
}
