import type { UnpackedPlugin } from '../unpacked-plugins.js';
import { type CommandDefinition, flag, type GlobalOptions, type Invocation, optionalText } from './definition.js';

/** Workers say twice an hour what they use. */
const SHORTEST_MS = 2 * 60 * 60_000;

export const prunePlugins: CommandDefinition = {
  name: 'prune',
  summary: 'Remove what this machine keeps of plugins and has not used for long',
  description:
    'Unpacked packages, Python environments and downloads in the cache folder. What deployments use is kept, and so is ' +
    'what any process has used since. All of it is made again when an operation needs it. The artifact store is not changed.',
  options: [
    { flags: '--older-than <duration>', summary: 'not used for so long, two hours at least', default: '30d' },
    { flags: '--dry-run', summary: 'only tell what would be removed' },
  ],
  examples: [
    ['caisson plugins prune --dry-run', 'what there is to gain'],
    ['caisson plugins prune --older-than 7d', 'run it now and then, on each machine with workers'],
  ],
  run,
};

async function run(invocation: Invocation): Promise<number> {
  const { io, global } = invocation;
  const { loadSettings } = await import('../settings.js');
  const { settingFlags } = await import('../session.js');
  const { parseDuration } = await import('../duration.js');
  const { usageError } = await import('../errors.js');
  const { removeUnpacked, unpackedPlugins } = await import('../unpacked-plugins.js');
  const { printList } = await import('../output/print.js');
  const age = parseDuration(optionalText(invocation, 'olderThan') ?? '30d', '--older-than');
  if (age < SHORTEST_MS)
    throw usageError('--older-than must be two hours at least: what is in use is noted that often');
  const { settings } = await loadSettings(settingFlags(global));
  const before = Date.now() - age;
  const old = (await unpackedPlugins(settings.cacheFolder)).filter(({ usedAt }) => usedAt.getTime() < before);
  const unused = await withoutUsed(old, invocation);
  const dry = flag(invocation, 'dryRun');
  const removed: UnpackedPlugin[] = [];
  for (const one of unused) if (dry || (await removeUnpacked(one))) removed.push(one);
  printList(io, global.format, {
    kind: 'unpacked-plugins',
    items: removed.map(({ kind, name, folder, bytes, usedAt }) => ({
      kind,
      name,
      folder,
      size_bytes: bytes,
      used_at: usedAt.toISOString(),
    })),
    columns: [
      { title: 'KIND', value: ({ kind }) => kind },
      { title: 'NAME', value: ({ name }) => name, shrinks: true },
      { title: 'SIZE', value: ({ size_bytes }) => `${(size_bytes / 1024 / 1024).toFixed(1)} MiB` },
      { title: 'USED LAST', value: ({ used_at }) => used_at },
    ],
    name: ({ folder }) => folder,
    empty: 'nothing to remove',
  });
  return 0;
}

/** Without the packages of deployments: their next operation is not to wait for them, however old they are. */
async function withoutUsed(old: readonly UnpackedPlugin[], { io, global }: Invocation): Promise<UnpackedPlugin[]> {
  const packages = old.filter(({ kind }) => kind === 'package');
  if (packages.length === 0) return [...old];
  const used = await usedPackages(
    packages.map(({ name }) => name),
    global,
    io,
  );
  return old.filter(({ kind, name }) => kind !== 'package' || !used.has(name));
}

async function usedPackages(
  archives: readonly string[],
  global: GlobalOptions,
  io: Invocation['io'],
): Promise<ReadonlySet<string>> {
  const { withSession } = await import('../session.js');
  const { usersOf } = await import('../plugin-uses.js');
  return await withSession(global, io, async ({ connection }) => {
    const used = new Set<string>();
    for (const archive of archives) if ((await usersOf(connection, archive)).length > 0) used.add(archive);
    return used;
  });
}
