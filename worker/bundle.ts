/**
 * The workflow bundle: all workflow code in one file, as a worker loads it.
 *
 * It is built with the package, because bundling takes seconds and loading none. With custom workflows a bundle is made
 * when the worker starts, and kept by a hash of what went into it.
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, type WorkflowBundleOption } from '@temporalio/worker';
import { HIDING_FAILURE_CONVERTER } from '../store/data-converter.js';
import { withoutPromiseStacks } from './promise-stacks.js';
import { fingerprint, hashOfFolders, type WorkflowModule } from './workflow-modules.js';

const PREBUILT = fileURLToPath(new URL('./workflow-bundle.js', import.meta.url));
const OWN_SUFFIX = fileURLToPath(import.meta.url).endsWith('.ts') ? '.ts' : '.js';

/** Writes the bundle next to this module. Called once, when the package is built. */
export async function writePrebuiltBundle(): Promise<void> {
  const { code } = await bundleWorkflowCode({ workflowsPath: ownModule('workflows/index'), logger: silent });
  await writeFile(PREBUILT, withoutPromiseStacks(code));
}

export interface BundleOptions {
  /** Custom workflows to take in. */
  readonly modules?: readonly WorkflowModule[];
  /** Where bundles are kept. @default a folder for temporary files */
  readonly cacheFolder?: string;
  /** Failures of workflows travel as payloads, so that they are encrypted like these. @default false */
  readonly hideFailures?: boolean;
  /** Told of modules that cannot be bundled; their workflows fail with the reason, and the others work. */
  readonly onBroken?: (module: WorkflowModule, reason: string) => void;
}

/** What a worker loads: the prebuilt bundle, or one made now: from sources, or with custom workflows. */
export async function workflowBundle(options: BundleOptions = {}): Promise<WorkflowBundleOption> {
  const { modules = [], hideFailures = false } = options;
  if (modules.length > 0 || hideFailures) return await bundleWith(modules, options);
  if (existsSync(PREBUILT)) return { codePath: PREBUILT };
  const { code } = await bundleWorkflowCode({ workflowsPath: ownModule('workflows/index'), logger: silent });
  return { code: withoutPromiseStacks(code) };
}

async function bundleWith(modules: readonly WorkflowModule[], options: BundleOptions): Promise<WorkflowBundleOption> {
  const folder = path.join(options.cacheFolder ?? path.join(tmpdir(), 'caisson'), 'workflow-bundles');
  const file = path.join(
    folder,
    `${await fingerprint(modules, await engineVersion())}${options.hideFailures ? '-hiding' : ''}.js`,
  );
  if (existsSync(file)) return { codePath: file };
  await mkdir(folder, { recursive: true });
  const code = await bundled(modules, folder, options);
  const part = `${file}.${process.pid}.part`;
  await writeFile(part, modules.length > 0 ? code : withoutPromiseStacks(code));
  await rename(part, file);
  return { codePath: file };
}

async function bundled(modules: readonly WorkflowModule[], folder: string, options: BundleOptions): Promise<string> {
  try {
    return await bundleEntry(entryOf(modules, new Map()), folder, options);
  } catch (error) {
    // One author's mistake is not to keep every other workflow from running: each is tried alone.
    const broken = new Map<WorkflowModule, string>();
    for (const module of modules) {
      const reason = await bundleEntry(entryOf([module], new Map()), folder, options).then(
        () => undefined,
        (cause: Error) => reasonIn(cause.message),
      );
      if (reason === undefined) continue;
      broken.set(module, reason);
      options.onBroken?.(module, reason);
    }
    if (broken.size === 0) throw error;
    return await bundleEntry(entryOf(modules, broken), folder, options);
  }
}

/** The text of the module from which everything is bundled. */
function entryOf(modules: readonly WorkflowModule[], broken: ReadonlyMap<WorkflowModule, string>): string {
  const lines = [
    `export * from ${JSON.stringify(ownModule('workflows/index'))};`,
    `export { default } from ${JSON.stringify(ownModule('workflows/index'))};`,
    `import { registerBroken, registerFileWorkflow, registerPluginWorkflows } from ${JSON.stringify(ownModule('workflows/registry'))};`,
  ];
  for (const [at, module] of modules.entries()) {
    const key = JSON.stringify(module.key);
    const reason = broken.get(module);
    if (reason !== undefined) lines.push(`registerBroken(${key}, ${JSON.stringify(reason)});`);
    else {
      const register = module.kind === 'plugin' ? 'registerPluginWorkflows' : 'registerFileWorkflow';
      lines.push(`import * as module${at} from ${JSON.stringify(module.file)};`, `${register}(${key}, module${at});`);
    }
  }
  return lines.join('\n');
}

/** The bundler reads its entry from a real file. */
async function bundleEntry(text: string, folder: string, { hideFailures = false }: BundleOptions): Promise<string> {
  const entry = path.join(folder, `entry-${process.pid}-${Date.now()}-${Math.random().toString(36).slice(2)}.mjs`);
  await writeFile(entry, text);
  const errors: string[] = [];
  try {
    const { code } = await bundleWorkflowCode({
      workflowsPath: entry,
      logger: { ...silent, error: (message: string) => void errors.push(message) },
      webpackConfigHook: withOurPackages,
      ...(hideFailures ? { failureConverterPath: HIDING_FAILURE_CONVERTER } : {}),
    });
    return code;
  } catch (error) {
    throw new Error([...errors, (error as Error).message].join('\n'));
  } finally {
    await rm(entry, { force: true });
  }
}

type WebpackConfig = Parameters<NonNullable<Parameters<typeof bundleWorkflowCode>[0]['webpackConfigHook']>>[0];

/** Authors' folders have none of our packages: they are found with us, in one copy, whatever stands beside the author's file. */
function withOurPackages(config: WebpackConfig): WebpackConfig {
  const require = createRequire(import.meta.url);
  const packages = path.resolve(path.dirname(require.resolve('@temporalio/workflow/package.json')), '../..');
  return {
    ...config,
    resolve: {
      ...config.resolve,
      modules: [...(config.resolve?.modules ?? ['node_modules']), packages],
      alias: {
        ...(config.resolve?.alias as Record<string, string> | undefined),
        'caisson/workflow-sdk$': ownModule('workflows/sdk/index'),
        '@temporalio/workflow': path.join(packages, '@temporalio/workflow'),
        '@temporalio/common': path.join(packages, '@temporalio/common'),
      },
    },
  };
}

/** Changes with each version of ours, and with each change of the sources it may run from. */
async function engineVersion(): Promise<string> {
  if (existsSync(PREBUILT)) return (await readFile(PREBUILT)).toString('base64');
  const own = ['workflows', 'graph', 'blueprint'].map((name) => path.dirname(ownModule(`${name}/any`)));
  return await hashOfFolders(own);
}

function ownModule(name: string): string {
  return fileURLToPath(new URL(`../${name}${OWN_SUFFIX}`, import.meta.url));
}

/** The lines of the bundler's report that say what is wrong, rather than what it has done. */
function reasonIn(report: string): string {
  const lines = report.split('\n').map((line) => line.trim());
  const first = lines.findIndex((line) => /^ERROR in|^Module (not found|build failed)|Error:|disallowed/.test(line));
  return lines.slice(Math.max(0, first), Math.max(0, first) + 8).join('\n');
}

const ignore = (): void => undefined;
const silent = { log: ignore, trace: ignore, debug: ignore, info: ignore, warn: console.error, error: console.error };
