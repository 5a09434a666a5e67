/** Which files of imported blueprints go to the workers: plans call them by the namespaces that they are imported under. */
import path from 'node:path';
import { withoutNamespaces } from '../blueprint/namespaces.js';
import type { Operations, ParsedPlan } from '../blueprint/plan.js';
import type { ImportedFolder } from '../store/blueprint-archive.js';

/**
 * A blueprint in a folder of its own (`ID/blueprint.yaml`) comes with all of the folder, one that is a single file among
 * others (`ID.yaml`) with the scripts that the plan names.
 *
 * @param blueprintFiles namespace → main file of the blueprint that is imported under it
 */
export function importedFolders(plan: ParsedPlan, blueprintFiles: ReadonlyMap<string, string>): ImportedFolder[] {
  const namespaces = [...blueprintFiles.keys()];
  return [...blueprintFiles].map(([namespace, file]) => {
    const folder = path.dirname(file);
    if (path.basename(file) === 'blueprint.yaml') return { namespace, folder };
    const files = scriptsOf(plan).filter((script) => namespaceOf(script, namespaces) === namespace);
    return { namespace, folder, files: files.map(withoutNamespaces) };
  });
}

/** The innermost of the namespaces that a script is under. */
function namespaceOf(script: string, namespaces: readonly string[]): string | undefined {
  const own = namespaces.filter((namespace) => script.startsWith(`${namespace}--`));
  return own.sort((a, b) => b.length - a.length)[0];
}

function scriptsOf({ nodes, workflows }: ParsedPlan): string[] {
  const scripts: unknown[] = Object.values(workflows).map(
    ({ parameters }) => (parameters.script_path as { readonly default?: unknown } | undefined)?.default,
  );
  const add = (operations: Operations): void => {
    for (const { inputs } of Object.values(operations)) scripts.push(inputs.script_path);
  };
  for (const { operations, relationships } of nodes) {
    add(operations);
    for (const { source_operations, target_operations } of relationships) {
      add(source_operations);
      add(target_operations);
    }
  }
  return [...new Set(scripts)].filter((script) => typeof script === 'string');
}
