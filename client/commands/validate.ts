import type { CommandDefinition, Invocation } from './definition.js';

export const validate: CommandDefinition = {
  name: 'validate',
  summary: 'Check blueprints, and tell everything that is wrong',
  description: 'Compiles blueprints without doing anything. Every mistake is told, each with its place and what to do.',
  arguments: [{ name: '<paths...>', summary: 'YAML files, or folders with a blueprint.yaml' }],
  examples: [
    ['caisson validate blueprint.yaml', 'all mistakes, with a caret under each'],
    ['caisson validate */blueprint.yaml --json', 'a JSON document for programs'],
  ],
  run,
};

async function run({ args, io, global }: Invocation): Promise<number> {
  const { compileBlueprint } = await import('../prepare.js');
  const { installedPlugins } = await import('../session.js');
  const { CaissonError } = await import('../errors.js');
  const { diagnosticStyle } = await import('../report-error.js');
  const { renderDiagnostic } = await import('../../blueprint/diagnostics.js');
  const { EXIT } = await import('../exit.js');
  const { unevaluatedPolicies } = await import('../unevaluated-policies.js');
  const catalog = await installedPlugins(global, io);
  const items: object[] = [];
  let wrong = 0;
  for (const path of args) {
    try {
      const { plan } = await compileBlueprint(path, catalog);
      for (const text of unevaluatedPolicies(plan)) io.err(`warning: ${path}: ${text}`);
      items.push({ path, valid: true, diagnostics: [] });
      if (global.format !== 'json') io.out(`${io.colors.green('✓')} ${path}`);
    } catch (error) {
      if (!(error instanceof CaissonError) || error.kind !== 'validation') throw error;
      const { diagnostics, sources } = error;
      wrong += diagnostics.length;
      items.push({ path, valid: false, diagnostics });
      if (global.format === 'json') continue;
      io.out(`${io.colors.red('✗')} ${path}: ${diagnostics.length} error${diagnostics.length === 1 ? '' : 's'}`);
      for (const diagnostic of diagnostics)
        io.err(renderDiagnostic(diagnostic, sources.get(diagnostic.source?.file ?? ''), diagnosticStyle(io.colors)));
    }
  }
  if (global.format === 'json')
    io.out(JSON.stringify({ schema: 'caisson/validations.list@1', items, next: null }, null, 2));
  return wrong === 0 ? EXIT.done : EXIT.invalid;
}
