import type { JsonObject } from '../../blueprint/json.js';

/** The API wants it in base64, which is for us to do. */
export function withUserData(config: JsonObject): JsonObject {
  const { UserData: data = null, ...rest } = config;
  if (data === null) return rest;
  const text = typeof data === 'object' ? JSON.stringify(data) : String(data);
  return { ...rest, UserData: Buffer.from(text).toString('base64') };
}
