import type { ExistingDeployment } from '../plan/existing.js';
import type { PreparedDeployment } from '../prepare.js';
import type { CommandDefinition, Invocation } from './definition.js';
import { flag, optionalText, texts } from './definition.js';

export const plan: CommandDefinition = {
  name: 'plan',
  summary: 'Show what an install or update would do, without doing it',
  description:
    'Compiles a blueprint, binds inputs and shows what an install would make, in which order, by which operations. With -d of a deployment that exists: what an update would add, change and remove, inputs that are not given staying as they are. With --json it prints the compiled plan under the field names that Cloudify uses (with --inputs a prepared deployment, without them the blueprint alone), or the changes. Starts nothing, no server either.',
  arguments: [{ name: '[blueprint]', summary: 'a YAML file, or a folder with a blueprint.yaml' }],
  options: [
    { flags: '-d, --deployment-id <id>', summary: "the deployment's id (default: the blueprint's name)" },
    { flags: '-i, --inputs <inputs>', summary: 'inputs: key=value, or a YAML/JSON file', repeatable: true },
    { flags: '--out <file>', summary: 'save the plan, for caisson apply' },
    { flags: '--detailed-exitcode', summary: 'exit with 10 when anything would be created, changed or removed' },
    { flags: '--options <file>', summary: 'JSON file with options of the compiler' },
    { flags: '--batch', summary: 'read JSON requests from stdin, one a line, and answer each by a line of JSON' },
  ],
  examples: [
    ['caisson plan examples/hello/blueprint.yaml', 'what would be made, in waves'],
    ['caisson plan shop.yaml -i size=3 --json', 'the prepared deployment as JSON'],
    ['caisson plan shop-v2.yaml -d shop --out shop.plan', 'what would change in shop; then: caisson apply shop.plan'],
  ],
  run,
};

async function run(invocation: Invocation): Promise<number> {
  const { io, global } = invocation;
  const { installedPlugins } = await import('../session.js');
  if (flag(invocation, 'batch')) {
    const { runPlanBatch } = await import('../plan/batch.js');
    await runPlanBatch(io.stdin as never, io.stdout, await installedPlugins(global, io));
    return 0;
  }
  const [file] = invocation.args;
  if (file === undefined) {
    const { usageError } = await import('../errors.js');
    throw usageError('a blueprint is missing', 'caisson plan BLUEPRINT');
  }
  const id = optionalText(invocation, 'deploymentId');
  const { existingDeployment } = await import('../plan/existing.js');
  const existing = id === undefined ? undefined : await existingDeployment(global, id);
  if (id !== undefined && existing) return await planUpdate(invocation, file, id, existing);
  const isTold = optionalText(invocation, 'out') !== undefined || flag(invocation, 'detailedExitcode');
  if (global.format === 'json' && !isTold) return await printJson(invocation, file);
  return await planInstall(invocation, file);
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

async function planInstall(invocation: Invocation, file: string): Promise<number> {
  const { io, global } = invocation;
  const { installedPlugins } = await import('../session.js');
  const { compileBlueprint, prepare } = await import('../prepare.js');
  const { readGivenInputs } = await import('../inputs.js');
  const { previewInstall } = await import('../plan/preview.js');
  const { previewText } = await import('../plan/preview-text.js');
  const { printedPlan } = await import('../plan/printed.js');
  // A plan that is kept is going to be carried out.
  const catalog = await installedPlugins(global, optionalText(invocation, 'out') === undefined ? io : undefined);
  const blueprint = await compileBlueprint(file, catalog);
  const given = await readGivenInputs(texts(invocation, 'inputs'), blueprint.plan.inputs);
  const prepared = prepare(blueprint, given.values, catalog, { given });
  const id = optionalText(invocation, 'deploymentId') ?? blueprint.id;
  const title = { deployment: id, blueprint: file };
  if (global.format === 'json') io.out(JSON.stringify(printedPlan(prepared.plan)));
  else io.out(previewText(previewInstall(prepared.plan, prepared.instances), title, io.colors));
  await save(invocation, id, prepared, undefined);
  return await exitCode(invocation, prepared.instances.length > 0);
}

async function planUpdate(
  invocation: Invocation,
  file: string,
  id: string,
  existing: ExistingDeployment,
): Promise<number> {
  const { io, global } = invocation;
  const { installedPlugins } = await import('../session.js');
  const { compileBlueprint } = await import('../prepare.js');
  const { preparedUpdate } = await import('../update-target.js');
  const { isUnchanged, plannedChanges } = await import('../plan/changes.js');
  const { changesText } = await import('../plan/changes-text.js');
  const { printSingle } = await import('../output/print.js');
  const catalog = await installedPlugins(global);
  const blueprint = await compileBlueprint(file, catalog);
  const prepared = await preparedUpdate(blueprint, existing.plan.inputs, texts(invocation, 'inputs'), catalog);
  const changes = plannedChanges(existing.plan, existing.instances, prepared.compact);
  const title = { deployment: id, blueprint: file };
  printSingle(io, global.format, {
    kind: 'plan.update',
    item: { deployment_id: id, ...changes },
    name: id,
    text: changesText(changes, title, io.colors),
  });
  if (changes.refused.length > 0) return (await import('../exit.js')).EXIT.conflict;
  await save(invocation, id, prepared, existing);
  return await exitCode(invocation, !isUnchanged(changes));
}

async function save(
  invocation: Invocation,
  id: string,
  prepared: PreparedDeployment,
  existing: ExistingDeployment | undefined,
): Promise<void> {
  const file = optionalText(invocation, 'out');
  if (file === undefined) return;
  const { savePlan } = await import('../plan/saved-plan.js');
  await savePlan(file, id, prepared, existing);
  if (!invocation.global.quiet) invocation.io.err(`Saved. Do it: caisson apply ${file}`);
}

async function exitCode(invocation: Invocation, changes: boolean): Promise<number> {
  const { EXIT } = await import('../exit.js');
  return changes && flag(invocation, 'detailedExitcode') ? EXIT.changes : EXIT.done;
}
