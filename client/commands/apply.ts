import type { CommandDefinition, Invocation } from './definition.js';
import { EXECUTION_FLAGS } from './execution-flags.js';

export const apply: CommandDefinition = {
  name: 'apply',
  summary: 'Do what a saved plan says, and nothing else',
  description:
    'Installs or updates the deployment as `caisson plan --out FILE` showed it, with the inputs that it was made with. Refused with exit code 5 when the deployment or the files of the blueprint have changed since.',
  arguments: [{ name: '<plan>', summary: 'a file that caisson plan --out has written' }],
  options: EXECUTION_FLAGS,
  examples: [['caisson apply shop.plan', 'exactly what caisson plan --out shop.plan has shown']],
  run,
};

async function run(invocation: Invocation): Promise<number> {
  const { args, io, global } = invocation;
  const { withSession } = await import('../session.js');
  const { checkUnchanged, readSavedPlan } = await import('../plan/saved-plan.js');
  const { existingDeployment } = await import('../plan/existing.js');
  const saved = await readSavedPlan(args[0] ?? '');
  checkUnchanged(saved, await existingDeployment(global, saved.deployment));
  const { deployment, blueprint, plan, instances } = saved;
  if (saved.before === null) {
    const { firstExecution, installPrepared } = await import('./install-prepared.js');
    const first = await firstExecution(invocation, { plan, instances }, 'install');
    return await withSession(global, io, async ({ connection }) =>
      installPrepared(invocation, connection, { blueprint, compact: plan, instances }, { id: deployment, first }),
    );
  }
  return await withSession(global, io, async ({ connection }) => {
    const { printCompleted, startWorkflow } = await import('./start-workflow.js');
    const { storeFiles } = await import('../stored-files.js');
    const { refuseUnserved } = await import('../served.js');
    await refuseUnserved(connection, plan);
    const archive = await storeFiles(connection.store, { blueprint, plan, deploymentId: deployment });
    const update = { blueprint: { id: blueprint.id, main_file: blueprint.mainFile, archive }, plan };
    const record = await startWorkflow(invocation, connection, deployment, 'update', { update });
    if (record) await printCompleted(invocation, connection, record);
    return 0;
  });
}
