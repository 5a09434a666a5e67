import type { CommandDefinition, Invocation } from './definition.js';
import { flag, optionalText, texts } from './definition.js';

export const plan: CommandDefinition = {
  name: 'plan',
  summary: 'Show what an install would do, without doing it',
  description:
    'Compiles a blueprint, binds inputs and shows what an install would make, in which order, by which operations. With --json it prints the compiled plan under the field names that Cloudify uses: with --inputs a prepared deployment, without them the blueprint alone.',
  arguments: [{ name: '[blueprint]', summary: 'a YAML file, or a folder with a blueprint.yaml' }],
  options: [
    { flags: '-d, --deployment-id <id>', summary: "the deployment's id (default: the blueprint's name)" },
    { flags: '-i, --inputs <inputs>', summary: 'inputs: key=value, or a YAML/JSON file', repeatable: true },
    { flags: '--options <file>', summary: 'JSON file with options of the compiler' },
    { flags: '--batch', summary: 'read JSON requests from stdin, one a line, and answer each by a line of JSON' },
  ],
  examples: [
    ['caisson plan examples/hello/blueprint.yaml', 'what would be made, in waves'],
    ['caisson plan shop.yaml -i size=3 --json', 'the prepared deployment as JSON'],
  ],
  run,
};

async function run(invocation: Invocation): Promise<number> {
  const { io, global } = invocation;
  const { installedPlugins } = await import('../session.js');
  if (flag(invocation, 'batch')) {
    const { runPlanBatch } = await import('../plan/batch.js');
    await runPlanBatch(io.stdin as never, io.stdout, await installedPlugins(global));
    return 0;
  }
  const [file] = invocation.args;
  if (file === undefined) {
    const { usageError } = await import('../errors.js');
    throw usageError('a blueprint is missing', 'caisson plan BLUEPRINT');
  }
  if (global.format === 'json') return await printJson(invocation, file);
  return await printText(invocation, file);
}

async function printJson(invocation: Invocation, file: string): Promise<number> {
  const { io } = invocation;
  const { EXIT } = await import('../exit.js');
  const { installedPlugins } = await import('../session.js');
  const { mainFileOf } = await import('../prepare.js');
  const { planBlueprint, readJsonFile } = await import('../plan/plan-blueprint.js');
  const { printedPlan, refusalOf } = await import('../plan/printed.js');
  const { readGivenInputs } = await import('../inputs.js');
  const given = texts(invocation, 'inputs');
  const optionsFile = optionalText(invocation, 'options');
  const catalog = await installedPlugins(invocation.global);
  const { plan: made, diagnostics } = await planBlueprint(
    {
      main: await mainFileOf(file),
      inputs: given.length === 0 ? null : async (definitions) => await readGivenInputs(given, definitions),
      ...(optionsFile === undefined ? {} : { options: await readJsonFile(optionsFile) }),
    },
    catalog,
  );
  if (made) {
    io.out(JSON.stringify(printedPlan(made)));
    return EXIT.done;
  }
  io.err(JSON.stringify({ error: { ...refusalOf(diagnostics), kind: 'validation', exit_code: EXIT.invalid } }));
  return EXIT.invalid;
}

async function printText(invocation: Invocation, file: string): Promise<number> {
  const { io } = invocation;
  const { installedPlugins } = await import('../session.js');
  const { compileBlueprint, prepare } = await import('../prepare.js');
  const { readGivenInputs } = await import('../inputs.js');
  const { previewInstall } = await import('../plan/preview.js');
  const { previewText } = await import('../plan/preview-text.js');
  const catalog = await installedPlugins(invocation.global);
  const blueprint = await compileBlueprint(file, catalog);
  const given = await readGivenInputs(texts(invocation, 'inputs'), blueprint.plan.inputs);
  const prepared = prepare(blueprint, given.values, catalog, { given });
  const title = { deployment: optionalText(invocation, 'deploymentId') ?? blueprint.id, blueprint: file };
  io.out(previewText(previewInstall(prepared.plan, prepared.instances), title, io.colors));
  return 0;
}
