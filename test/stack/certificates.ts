/** Certificates of a test's own authority, made by openssl. */
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { scratchFolder } from '../store/scratch.js';

export interface Certificates {
  readonly folder: string;
  readonly caFile: string;
  readonly ca: string;
  readonly server: { readonly key: string; readonly cert: string };
  readonly clientFiles: { readonly key: string; readonly cert: string };
}

/** An authority, a server certificate for 127.0.0.1, localhost and temporal.test, and a client certificate. */
export async function certificates(): Promise<Certificates> {
  const folder = await scratchFolder();
  const openssl = async (...words: string[]): Promise<void> => {
    await promisify(execFile)('openssl', words, { cwd: folder });
  };
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  await openssl(
    'req',
    '-x509',
    ...key,
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
    '-days',
    '2',
    '-subj',
    '/CN=Test authority',
  );
  await writeFile(path.join(folder, 'server.ext'), 'subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:temporal.test\n');
  await writeFile(path.join(folder, 'client.ext'), 'extendedKeyUsage=clientAuth\n');
  for (const name of ['server', 'client']) {
    await openssl('req', ...key, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=Test ${name}`);
    await openssl(
      ...['x509', '-req', '-in', `${name}.csr`, '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial'],
      ...['-out', `${name}.pem`, '-days', '2', '-extfile', `${name}.ext`],
    );
  }
  const at = (name: string): string => path.join(folder, name);
  return {
    folder,
    caFile: at('ca.pem'),
    ca: await readFile(at('ca.pem'), 'utf8'),
    server: { key: await readFile(at('server.key'), 'utf8'), cert: await readFile(at('server.pem'), 'utf8') },
    clientFiles: { key: at('client.key'), cert: at('client.pem') },
  };
}
