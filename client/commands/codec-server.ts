import { type CommandDefinition, optionalText, texts } from './definition.js';

export const codecServer: CommandDefinition = {
  name: 'codec-server',
  summary: "Let Temporal's UI and command read encrypted and big payloads",
  description:
    "Serves Temporal's codec protocol (POST /decode, /encode) with the keys and the artifact store of the settings, until Ctrl-C. Whoever can reach it can read: it listens on this machine only, unless told otherwise.",
  options: [
    { flags: '--listen <host:port>', summary: 'where to listen', default: '127.0.0.1:8081' },
    {
      flags: '--origin <url>',
      summary: 'page that may ask it from a browser (default: the UI in use)',
      repeatable: true,
    },
  ],
  examples: [
    ['caisson codec-server', 'then enter http://127.0.0.1:8081 as codec server in the UI'],
    ['temporal workflow show -w deployment/web --codec-endpoint http://127.0.0.1:8081', 'a history in clear'],
  ],
  async run(invocation) {
    const { io, global } = invocation;
    const { loadSettings } = await import('../settings.js');
    const { settingFlags } = await import('../session.js');
    const { keysOf, uiOf } = await import('../connection.js');
    const { artifactStoreOf } = await import('../artifacts.js');
    const { startCodecServer } = await import('../codec-server.js');
    const { usageError } = await import('../errors.js');
    const { settings } = await loadSettings(settingFlags(global));
    const listen = optionalText(invocation, 'listen') ?? '';
    const [, host, port] = /^(.*):(\d+)$/.exec(listen) ?? [];
    if (host === undefined || port === undefined) throw usageError('--listen must be HOST:PORT');
    const given = texts(invocation, 'origin');
    const origins = given.length > 0 ? given : [await uiOf(settings)].filter((url) => url !== undefined);
    const server = await startCodecServer({
      store: artifactStoreOf(settings),
      encryption: settings.encryption && (await keysOf(settings.encryption)),
      host: host.replace(/^\[|\]$/g, ''),
      port: Number(port),
      origins: origins.map((url) => new URL(url).origin),
    });
    io.err(`Codec server at http://${listen}, for ${origins.join(', ') || 'no page'}; Ctrl-C stops it.`);
    await new Promise<void>((resolve) => {
      for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => resolve());
    });
    server.closeAllConnections();
    server.close();
    return 0;
  },
};
