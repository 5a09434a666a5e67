/** Names in TypeScript for names in a description. */

/** `disk.create` → `DiskCreate` */
export function identifier(name: string): string {
  const words = name.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
  const joined = words.map((word) => `${word[0]?.toUpperCase()}${word.slice(1)}`).join('');
  return /^\d/.test(joined) ? `_${joined}` : joined;
}

/** `acme.nodes.Disk` → `Disk` */
export const lastPart = (name: string): string => name.slice(name.lastIndexOf('.') + 1);

/** By type: its last part, or the whole name where two would be called alike. */
export function namesFor(types: readonly string[]): ReadonlyMap<string, string> {
  const short = (name: string): string => identifier(lastPart(name));
  const alike = (name: string): boolean => types.some((other) => other !== name && short(other) === short(name));
  return new Map(types.map((name) => [name, alike(name) ? identifier(name) : short(name)]));
}

/** A property's name, in quotes where TypeScript wants them. */
export const memberName = (name: string): string => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : literal(name));

export const literal = (text: string): string =>
  `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n')}'`;
