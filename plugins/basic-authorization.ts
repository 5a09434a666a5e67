/** Logins in addresses: `https://user:password@host`. */

/** Takes user and password out of an address: `fetch` does not want them there, and messages must not have them. */
export function takeCredentials(address: URL): Record<string, string> {
  if (address.username === '') return {};
  const authorization = basicAuthorization(address);
  address.username = '';
  address.password = '';
  return { authorization };
}

/** What the header `authorization` says of them. */
export function basicAuthorization({ username, password }: URL): string {
  const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return `Basic ${Buffer.from(login).toString('base64')}`;
}
