import { describe, expect, test } from 'vitest';
import { type LoadedSettings, resolveSettings, type SettingSources } from '../../client/settings.js';

const HOME = '/home/ada';

async function resolved(sources: Partial<SettingSources> = {}): Promise<Omit<LoadedSettings, 'userFile'>> {
  return await resolveSettings({
    flags: {},
    environment: {},
    cwd: '/work/shop',
    homedir: HOME,
    platform: 'linux',
    ...sources,
  });
}

function originOf({ origins }: Pick<LoadedSettings, 'origins'>, key: string): string | undefined {
  return origins.find((one) => one.key === key)?.origin;
}

const project = (text: string) => ({ path: '/work/shop/caisson.toml', text });
const user = (text: string) => ({ path: '/home/ada/.config/caisson/config.toml', text });
const temporalConfig = (text: string) => ({ path: '/home/ada/.config/temporalio/temporal.toml', text });

describe('where a setting comes from', () => {
  const layers = {
    flags: { task_queue: 'of-flag' },
    environment: { CAISSON_TASK_QUEUE: 'of-environment' },
    project: project('task_queue = "of-project"'),
    user: user('task_queue = "of-user"'),
  };
  test.each([
    ['a flag', layers, 'of-flag', 'flag'],
    ['the environment', { ...layers, flags: {} }, 'of-environment', 'environment CAISSON_TASK_QUEUE'],
    ['the project', { ...layers, flags: {}, environment: {} }, 'of-project', '/work/shop/caisson.toml'],
    ['the person', { user: layers.user }, 'of-user', '/home/ada/.config/caisson/config.toml'],
    ['nobody', {}, 'caisson', 'default'],
  ])('%s', async (_, sources, value, origin) => {
    const found = await resolved(sources);
    expect(found.settings.taskQueue).toBe(value);
    expect(originOf(found, 'task_queue')).toBe(origin);
  });

  test('an empty variable gives nothing', async () => {
    expect((await resolved({ environment: { CAISSON_TASK_QUEUE: '' } })).settings.taskQueue).toBe('caisson');
  });

  test('tables of a file are prefixes', async () => {
    const { settings } = await resolved({ user: user('[worker]\noperations = 7\nlog_level = "warn"') });
    expect(settings.worker).toMatchObject({ operations: 7, logLevel: 'warn' });
  });
});

describe('the connection', () => {
  const profiles = temporalConfig(
    '[profile.default]\naddress = "of-profile:7233"\nnamespace = "shop"\n[profile.other]\naddress = "other:7233"\napi_key = "key-of-other"',
  );

  test('without anything there is no address: the embedded server is meant', async () => {
    expect((await resolved()).settings.connection).toEqual({ namespace: 'default' });
  });

  test('comes from the default profile of temporal.toml, and says so', async () => {
    const found = await resolved({ temporalConfig: profiles });
    expect(found.settings.connection).toMatchObject({ address: 'of-profile:7233', namespace: 'shop' });
    expect(originOf(found, 'address')).toBe('/home/ada/.config/temporalio/temporal.toml [profile default]');
  });

  test('comes from the profile that a flag names, with its API key turning TLS on', async () => {
    const { settings } = await resolved({ temporalConfig: profiles, flags: { profile: 'other' } });
    expect(settings.connection).toMatchObject({ address: 'other:7233', apiKey: 'key-of-other', tls: true });
  });

  test.each([
    ['environment', { environment: { TEMPORAL_ADDRESS: 'given:1' } }],
    ['project', { project: project('address = "given:1"') }],
    ['flag', { flags: { address: 'given:1' }, environment: { TEMPORAL_ADDRESS: 'other:2' } }],
  ])('an address by %s wins over the profile, which still gives the namespace', async (_, sources) => {
    const { settings } = await resolved({ temporalConfig: profiles, ...sources });
    expect(settings.connection).toMatchObject({ address: 'given:1', namespace: 'shop' });
  });

  test('further headers come from variables', async () => {
    const { settings } = await resolved({ environment: { TEMPORAL_ADDRESS: 'x:1', TEMPORAL_GRPC_META_TEAM: 'blue' } });
    expect(settings.connection.metadata).toEqual({ team: 'blue' });
  });

  test('a profile that is not there is an error', async () => {
    await expect(resolved({ temporalConfig: profiles, flags: { profile: 'prod' } })).rejects.toMatchObject({
      kind: 'usage',
      message: expect.stringContaining("'prod' not found"),
    });
  });

  test('a certificate file that is not there is an error, not a plain connection', async () => {
    const environment = { TEMPORAL_ADDRESS: 'x:1', TEMPORAL_TLS_SERVER_CA_CERT_PATH: '/no/such/ca.pem' };
    await expect(resolved({ environment })).rejects.toMatchObject({
      message: expect.stringContaining('/no/such/ca.pem'),
    });
  });
});

describe('folders', () => {
  test('follow the XDG rules', async () => {
    const { settings } = await resolved();
    expect(settings).toMatchObject({
      home: '/home/ada/.local/share/caisson',
      artifacts: '/home/ada/.local/share/caisson/artifacts',
      secrets: { location: '/home/ada/.local/share/caisson/secrets' },
      cacheFolder: '/home/ada/.cache/caisson',
      stateFolder: '/home/ada/.local/state/caisson',
    });
    const moved = await resolved({ environment: { XDG_DATA_HOME: '/data', XDG_CACHE_HOME: 'relative' } });
    expect(moved.settings).toMatchObject({ home: '/data/caisson', cacheFolder: '/home/ada/.cache/caisson' });
  });

  test('CAISSON_HOME moves all of them but the downloads, which homes share', async () => {
    const { settings } = await resolved({ environment: { CAISSON_HOME: '/tmp/h' } });
    expect(settings).toMatchObject({
      home: '/tmp/h',
      artifacts: '/tmp/h/artifacts',
      secrets: { location: '/tmp/h/secrets' },
      workFolder: '/tmp/h/work',
      cacheFolder: '/tmp/h/cache',
      stateFolder: '/tmp/h/state',
      pluginFolders: ['/tmp/h/plugins'],
      downloadsFolder: '/home/ada/.cache/caisson',
    });
  });

  test('paths are meant from the file that gives them, else from the working directory; ~ is the home folder', async () => {
    const { settings } = await resolved({
      flags: { home: 'here' },
      user: user('secrets = "mine"\ncache = "~/c"'),
      project: project('plugins = ["plugins", "/abs"]\nartifacts = "file:///srv/a"'),
    });
    expect(settings).toMatchObject({
      home: '/work/shop/here',
      secrets: { location: '/home/ada/.config/caisson/mine' },
      cacheFolder: '/home/ada/c',
      pluginFolders: ['/work/shop/plugins', '/abs'],
      artifacts: '/srv/a',
    });
  });
});

describe('refused', () => {
  test.each([
    ['a key that is no setting', { user: user('adress = "x:1"') }, 'no setting adress', 'did you mean address?'],
    [
      'a value of another kind',
      { project: project('port = "many"') },
      'port must be a whole number above 0',
      undefined,
    ],
    [
      'a choice that is none',
      { environment: { CAISSON_WORKER_LOG_LEVEL: 'loud' } },
      'debug, info, warn, error',
      undefined,
    ],
    ['text that is no TOML', { user: user('a = = b') }, '/home/ada/.config/caisson/config.toml: ', undefined],
    [
      'a project that would run a program of its own',
      { project: project('temporal_cli = "./evil"') },
      'temporal_cli may not be set by a project',
      undefined,
    ],
  ])('%s', async (_, sources, message, hint) => {
    await expect(resolved(sources)).rejects.toMatchObject({
      kind: 'usage',
      message: expect.stringContaining(message),
      ...(hint === undefined ? {} : { hint }),
    });
  });
});
