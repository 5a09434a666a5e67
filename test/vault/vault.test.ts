/** Secrets in a real vault, and in front of one that misbehaves. */
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest';
import type { Json } from '../../blueprint/json.js';
import { openSecrets, type SecretStore } from '../../store/secrets.js';
import type { VaultSettings } from '../../store/vault/settings.js';
import { scratchFolder } from '../store/scratch.js';

const { address, tlsAddress, caFile, token } = inject('vault');
const ROOT: VaultSettings = { address, token };

const open = async (vault: VaultSettings, location = `vault:secret/${randomBytes(4).toString('hex')}`) =>
  (await openSecrets({ location, vault }, { environment: {} })) as Required<Omit<SecretStore, 'rotate'>>;

/** What administrators do with Vault's own command. */
async function api(method: string, at: string, body?: object, namespace?: string): Promise<Record<string, never>> {
  const answer = await fetch(`${address}/v1/${at}`, {
    method,
    headers: { 'x-vault-token': token, ...(namespace ? { 'x-vault-namespace': namespace } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${at}: ${answer.status} ${text}`);
  return text === '' ? {} : JSON.parse(text);
}

describe('in a key-value engine', () => {
  test.each<[string, Json]>([
    ['a text', 'correct horse'],
    ['an object', { user: 'ada', password: 'hunter22' }],
    ['an object of one field that is called value', { value: 'x' }],
    ['a list', ['a', 1]],
    ['a number', 5432],
    ['nothing in it', {}],
  ])('%s comes back as it was set', async (_, value) => {
    const secrets = await open(ROOT);
    await secrets.set('db', value);
    expect(await secrets.get('db')).toEqual(value);
  });

  test('a field named value, as people write it with the command, is the secret itself', async () => {
    await api('POST', 'secret/data/people/db', { data: { value: 'hunter22' } });
    const secrets = await open(ROOT, 'vault:secret/people');
    expect(await secrets.get('db')).toBe('hunter22');
  });

  test('keys lead into folders, are listed whole, and never lead out', async () => {
    const secrets = await open(ROOT);
    await secrets.set('db/main', 'x');
    await secrets.set('api key', 'y');
    expect((await secrets.list()).map(({ key }) => key)).toEqual(['api key', 'db/main']);
    expect(await secrets.get('db/main')).toBe('x');
    await expect(secrets.get('../other')).rejects.toThrow('not a key');
  });

  test('where there is nothing, nothing is found, listed or deleted', async () => {
    const secrets = await open(ROOT);
    expect(await secrets.get('db')).toBeUndefined();
    expect(await secrets.list()).toEqual([]);
    expect(await secrets.delete('db')).toBe(false);
  });

  test('deleted with all its versions, and may be made again', async () => {
    const secrets = await open(ROOT);
    await secrets.set('db', 'old');
    await secrets.set('db', 'new');
    expect(await secrets.delete('db')).toBe(true);
    expect(await secrets.get('db')).toBeUndefined();
    await secrets.set('db', 'again', { onlyNew: true });
    expect(await secrets.get('db')).toBe('again');
  });

  test('of two that make one at once, one wins', async () => {
    const secrets = await open(ROOT);
    const both = await Promise.allSettled(['a', 'b'].map((value) => secrets.set('db', value, { onlyNew: true })));
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(both.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { name: 'SecretExists' } });
  });

  test('a mount that is none is told as such', async () => {
    const secrets = await open(ROOT, 'vault:nowhere/x');
    await expect(secrets.get('db')).rejects.toThrow(/nowhere\/x\/db: 404.*is the mount right/);
  });

  test("in a namespace of Vault's own", async () => {
    const name = `team-${randomBytes(3).toString('hex')}`;
    await api('POST', `sys/namespaces/${name}`);
    await api('POST', 'sys/mounts/kv', { type: 'kv', options: { version: '2' } }, name);
    const secrets = await open({ ...ROOT, namespace: name }, 'vault:kv');
    await secrets.set('db', 'of the team');
    expect(await secrets.get('db')).toBe('of the team');
    await expect((await open(ROOT, 'vault:kv')).get('db')).rejects.toThrow('404');
  });
});

describe('logged in', () => {
  beforeAll(async () => {
    await api('POST', 'sys/auth/approle', { type: 'approle' });
    await api('PUT', 'sys/policies/acl/caisson', {
      policy: 'path "secret/data/ops/*" { capabilities = ["read"] }',
    });
  });

  async function role(ttl: string): Promise<VaultSettings> {
    const name = `caisson-${randomBytes(3).toString('hex')}`;
    const options = { token_policies: 'caisson', token_ttl: ttl, token_max_ttl: ttl };
    await api('POST', `auth/approle/role/${name}`, options);
    const { data: id } = (await api('GET', `auth/approle/role/${name}/role-id`)) as never as {
      data: { role_id: string };
    };
    const { data: secret } = (await api('POST', `auth/approle/role/${name}/secret-id`)) as never as {
      data: { secret_id: string };
    };
    return { address, roleId: id.role_id, secretId: secret.secret_id };
  }

  test('by AppRole, as often as its tokens expire, and allowed what its policy says', async () => {
    await api('POST', 'secret/data/ops/db', { data: { value: 'hunter22' } });
    const secrets = await open(await role('2s'), 'vault:secret/ops');
    expect(await secrets.get('db')).toBe('hunter22');
    await new Promise((resolve) => setTimeout(resolve, 2_200));
    expect(await secrets.get('db')).toBe('hunter22');
    const refused = await secrets.set('db', 'not for everybody').catch((error: Error) => error);
    expect(refused).toMatchObject({
      name: 'SecretsUnavailable',
      message: expect.stringContaining('permission denied'),
    });
    expect((refused as Error).message).not.toContain('not for everybody');
  });

  test('anew when its token was revoked', async () => {
    await api('POST', 'secret/data/ops/db', { data: { value: 'hunter22' } });
    const login = await role('1h');
    const secrets = await open(login, 'vault:secret/ops');
    await secrets.get('db');
    const { data } = (await api('LIST', 'auth/token/accessors')) as never as { data: { keys: string[] } };
    for (const accessor of data.keys) {
      const about = (await api('POST', 'auth/token/lookup-accessor', { accessor }).catch(() => ({}))) as {
        data?: { policies?: string[] };
      };
      if (about.data?.policies?.includes('caisson')) await api('POST', 'auth/token/revoke-accessor', { accessor });
    }
    expect(await secrets.get('db')).toBe('hunter22');
  });

  test('with the secret id from a file; a wrong one is refused and not shown', async () => {
    const { secretId = '', ...login } = await role('1h');
    const folder = await scratchFolder({ id: `${secretId}\n`, wrong: 'wrong-secret-id' });
    await api('POST', 'secret/data/ops/db', { data: { value: 'hunter22' } });
    const right = await open({ ...login, secretIdFile: path.join(folder, 'id') }, 'vault:secret/ops');
    expect(await right.get('db')).toBe('hunter22');
    const wrong = await open({ ...login, secretIdFile: path.join(folder, 'wrong') }, 'vault:secret/ops');
    const refused = await wrong.get('db').catch((error: Error) => error.message);
    expect(refused).toMatch(/refuses the login by AppRole/);
    expect(refused).not.toContain('wrong-secret-id');
  });

  test('with a token from a file that somebody renews', async () => {
    const file = path.join(await scratchFolder({ token: 'expired' }), 'token');
    const secrets = await open({ address, tokenFile: file });
    await expect(secrets.get('db')).rejects.toThrow('403');
    await writeFile(file, `${token}\n`);
    expect(await secrets.get('db')).toBeUndefined();
  });

  test('not at all without any way to', async () => {
    await expect(open({ address })).rejects.toThrow('no way to log in to Vault');
  });
});

describe('by TLS', () => {
  test('with the authority that is given', async () => {
    const secrets = await open({ address: tlsAddress, token, caFile });
    await secrets.set('db', 'x');
    expect(await secrets.get('db')).toBe('x');
  });

  test.each([
    ['without the authority', {}, /certificate/],
    ['under another name', { caFile, serverName: 'vault.other.test' }, /vault\.other\.test/],
  ])('%s it is refused', async (_, given, message) => {
    const secrets = await open({ address: tlsAddress, token, ...given });
    await expect(secrets.get('db')).rejects.toThrow(message);
  });
});

describe('one that misbehaves', () => {
  /** In front of the real one, with answers of its own for the first requests. */
  async function front(...first: ((request: IncomingMessage, response: ServerResponse) => void)[]): Promise<string> {
    const answers = [...first];
    const server = createServer(async (request, response) => {
      const own = answers.shift();
      if (own) return own(request, response);
      const answer = await fetch(`${address}${request.url}`, {
        method: request.method!,
        headers: { 'x-vault-token': String(request.headers['x-vault-token']) },
      });
      response.writeHead(answer.status).end(await answer.text());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  const status =
    (code: number, text = '{"errors":["told"]}') =>
    (_: IncomingMessage, response: ServerResponse) =>
      void response.writeHead(code).end(text);
  const cut = (_: IncomingMessage, response: ServerResponse) => void response.destroy();

  async function stored(value: string): Promise<string> {
    const place = `misbehaves-${randomBytes(4).toString('hex')}`;
    await api('POST', `secret/data/${place}/db`, { data: { value } });
    return `vault:secret/${place}`;
  }

  test('is asked again while it is sealed, overloaded or cuts the line', async () => {
    const location = await stored('hunter22');
    const secrets = await open({ address: await front(status(503), cut, status(429)), token }, location);
    expect(await secrets.get('db')).toBe('hunter22');
  });

  test('is given up after some tries, with its own words and none of ours', async () => {
    const sealed = status(503, '{"errors":["Vault is sealed"]}');
    const secrets = await open({ address: await front(sealed, sealed, sealed, sealed), token });
    const error = await secrets.get('db').catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ name: 'SecretsUnavailable', message: expect.stringMatching(/503 Vault is sealed/) });
    expect((error as Error).message).not.toContain(token);
  });

  test('that answers with a page is no Vault, and the page is not shown', async () => {
    const secrets = await open({ address: await front(status(200, '<html>hunter22</html>')), token });
    const error = (await secrets.get('db').catch((thrown: Error) => thrown)) as Error;
    expect(error.message).toContain('no JSON');
    expect(error.message).not.toContain('hunter22');
  });

  test('that answers without an end is cut off', async () => {
    const endless = (_: IncomingMessage, response: ServerResponse) => {
      response.writeHead(200);
      const more = setInterval(() => response.write('x'.repeat(1024 * 1024)), 1);
      response.on('close', () => clearInterval(more));
    };
    const secrets = await open({ address: await front(endless), token });
    await expect(secrets.get('db')).rejects.toThrow('too long');
  });

  test('a standby that sends to the leader is followed', async () => {
    const location = await stored('hunter22');
    const toLeader = (request: IncomingMessage, response: ServerResponse) =>
      void response.writeHead(307, { location: `${address}${request.url}` }).end();
    expect(await (await open({ address: await front(toLeader), token }, location)).get('db')).toBe('hunter22');
  });

  test('that nobody listens for is told with its address', async () => {
    const secrets = await open({ address: 'http://127.0.0.1:1', token });
    await expect(secrets.get('db')).rejects.toThrow('Vault at http://127.0.0.1:1 cannot be reached');
  });
});
