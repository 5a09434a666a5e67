import type { CommandDefinition, Invocation } from './definition.js';

interface Row {
  readonly name: string;
  readonly active: boolean;
  readonly address: string | null;
  readonly namespace: string | null;
  readonly tls: boolean;
  readonly api_key: string | null;
}

const list: CommandDefinition = {
  name: 'list',
  summary: 'List the profiles of temporal.toml',
  examples: [['caisson profiles list', 'the same ones that the temporal command uses']],
  async run(invocation) {
    const { io, global } = invocation;
    const { printList } = await import('../output/print.js');
    const { file, rows } = await profiles(invocation);
    printList<Row>(io, global.format, {
      kind: 'profiles',
      items: rows,
      columns: [
        { title: 'PROFILE', value: ({ name, active }) => `${active ? '* ' : '  '}${name}` },
        { title: 'ADDRESS', value: ({ address }) => address },
        { title: 'NAMESPACE', value: ({ namespace }) => namespace },
        { title: 'TLS', value: ({ tls }) => (tls ? 'yes' : 'no') },
      ],
      name: ({ name }) => name,
      empty: `no profiles in ${file}; make one: temporal config set --prop address --value HOST:PORT`,
    });
    return 0;
  },
};

const show: CommandDefinition = {
  name: 'show',
  summary: 'Show a profile of temporal.toml',
  arguments: [{ name: '[profile]', summary: 'default: the active one' }],
  examples: [['caisson profiles show prod', 'address, namespace, TLS; never the key']],
  async run(invocation) {
    const { io, global, args } = invocation;
    const { notFound } = await import('../errors.js');
    const { printSingle } = await import('../output/print.js');
    const { rows, active } = await profiles(invocation);
    const name = args[0] ?? active;
    const row = rows.find((one) => one.name === name);
    if (!row) throw notFound('profile', name, 'see: caisson profiles list');
    printSingle(io, global.format, { kind: 'profile', item: row, name });
    return 0;
  },
};

async function profiles({ global }: Invocation): Promise<{ file: string; active: string; rows: readonly Row[] }> {
  const { loadProfiles } = await import('../settings/profiles.js');
  const { file, active, profiles } = await loadProfiles(global.profile);
  const rows = Object.entries(profiles).map(([name, profile]) => ({
    name,
    active: name === active,
    address: profile.address ?? null,
    namespace: profile.namespace ?? null,
    tls: profile.tls !== undefined ? profile.tls.disabled !== true : profile.apiKey !== undefined,
    api_key: profile.apiKey === undefined ? null : '***',
  }));
  return { file, active, rows };
}

export const profilesCommand: CommandDefinition = {
  name: 'profiles',
  aliases: ['profile'],
  summary: "Profiles of the temporal command's configuration",
  description:
    'A profile names a Temporal server. They are made with `temporal config set`, and chosen by --profile or TEMPORAL_PROFILE.',
  commands: [list, show],
};
