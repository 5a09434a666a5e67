import type { JsonObject } from '../../blueprint/json.js';

/**
 * The API wants it in base64, which is for us to do.
 *
 * @param agent a script that the machine is to run besides, at its first boot
 */
export function withUserData(config: JsonObject, agent?: string): JsonObject {
  const { UserData: data = null, ...rest } = config;
  if (data === null && agent === undefined) return rest;
  const own = data === null ? undefined : typeof data === 'object' ? JSON.stringify(data) : String(data);
  const text = own === undefined ? agent : agent === undefined ? own : inParts([own, agent]);
  return { ...rest, UserData: Buffer.from(text ?? '').toString('base64') };
}

/** Several in one, as cloud-init takes them. What each is, it tells by its first line. */
function inParts(parts: readonly string[]): string {
  const boundary = '==caisson-user-data==';
  const headers = 'MIME-Version: 1.0\nContent-Transfer-Encoding: 7bit\n';
  const type = (text: string): string =>
    text.startsWith('#cloud-config') ? 'text/cloud-config' : 'text/x-shellscript';
  return [
    `Content-Type: multipart/mixed; boundary="${boundary}"\nMIME-Version: 1.0\n`,
    ...parts.map((text) => `--${boundary}\nContent-Type: ${type(text)}; charset="utf-8"\n${headers}\n${text}\n`),
    `--${boundary}--\n`,
  ].join('\n');
}
