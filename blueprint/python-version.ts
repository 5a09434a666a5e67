/** Versions of Python packages and what is asked of them (PEP 440): plugins are versioned that way. */

interface PythonVersion {
  readonly epoch: number;
  readonly release: readonly number[];
  /** Orders a development, alpha, beta, candidate, final and post release of one number. */
  readonly phase: readonly number[];
  readonly local: readonly (string | number)[];
}

const VERSION =
  /^v?(?:(\d+)!)?(\d+(?:\.\d+)*)(?:[-_.]?(alpha|beta|preview|pre|rc|a|b|c)[-_.]?(\d*))?(?:-(\d+)|[-_.]?(post|rev|r)[-_.]?(\d*))?(?:[-_.]?(dev)[-_.]?(\d*))?(?:\+([a-z0-9]+(?:[-_.][a-z0-9]+)*))?$/i;
const CLAUSE = /^\s*(===|==|~=|!=|<=|>=|<|>)?\s*(.+?)\s*$/;

/**
 * Whether a version is one that a specification asks for; undefined when the specification is none.
 *
 * @param specification clauses joined by commas; a version alone means exactly that one
 * @example satisfiesVersion('3.2.4', '>=3.0,!=3.1.*') // true
 */
export function satisfiesVersion(version: string, specification: string): boolean | undefined {
  const clauses = specification.split(',').map((clause) => CLAUSE.exec(clause));
  let satisfied = true;
  for (const clause of clauses) {
    const holds = clause ? satisfiesClause(version, clause[1] ?? '===', clause[2] as string) : undefined;
    if (holds === undefined) return undefined;
    satisfied &&= holds;
  }
  return satisfied;
}

/**
 * Orders two versions; one that is none comes before every other.
 *
 * @returns less than 0 when `one` is the older, 0 when they are the same
 */
export function compareVersions(one: string, other: string): number {
  const [first, second] = [parseVersion(one), parseVersion(other)];
  if (!first || !second) return Number(first !== undefined) - Number(second !== undefined);
  return compareParsed(first, second);
}

function satisfiesClause(text: string, operator: string, wanted: string): boolean | undefined {
  if (operator === '===') return text.trim().toLowerCase() === wanted.toLowerCase();
  const version = parseVersion(text);
  const isPrefix = wanted.endsWith('.*');
  const other = parseVersion(isPrefix ? wanted.slice(0, -2) : wanted);
  if (!version || !other || (isPrefix && operator !== '==' && operator !== '!=')) return undefined;
  const same = isPrefix ? hasPrefix(version, other) : compareParsed(publicOf(version, other), other) === 0;
  const order = compareParsed({ ...version, local: [] }, other);
  switch (operator) {
    case '==':
      return same;
    case '!=':
      return !same;
    case '<=':
      return order <= 0;
    case '>=':
      return order >= 0;
    case '<':
      return order < 0 && !(isPrerelease(version) && !isPrerelease(other) && sameRelease(version, other));
    case '>':
      return order > 0 && !(isPostRelease(version) && !isPostRelease(other) && sameRelease(version, other));
    default:
      return other.release.length < 2
        ? undefined
        : order >= 0 && hasPrefix(version, { ...other, release: other.release.slice(0, -1) });
  }
}

/** A local part counts only where the other side has one. */
const publicOf = (version: PythonVersion, other: PythonVersion): PythonVersion =>
  other.local.length > 0 ? version : { ...version, local: [] };

function parseVersion(text: string): PythonVersion | undefined {
  const match = VERSION.exec(text.trim());
  if (!match) return undefined;
  const [, epoch, release, pre, preNumber, implicitPost, post, postNumber, dev, devNumber, local] = match;
  const preRank = pre === undefined ? undefined : PRE_RANKS[pre.toLowerCase()];
  const isPost = implicitPost !== undefined || post !== undefined;
  const isDev = dev !== undefined;
  // A development release of the final number comes before its alphas.
  const first = preRank ?? (isDev && !isPost ? -1 : 3);
  return {
    epoch: Number(epoch ?? 0),
    release: (release as string).split('.').map(Number),
    phase: [
      first,
      Number(preNumber || 0),
      isPost ? Number(implicitPost ?? (postNumber || 0)) : -1,
      isDev ? Number(devNumber || 0) : Number.POSITIVE_INFINITY,
    ],
    local: (local ?? '')
      .toLowerCase()
      .split(/[-_.]/)
      .filter((part) => part !== '')
      .map((part) => (/^\d+$/.test(part) ? Number(part) : part)),
  };
}

const PRE_RANKS: Readonly<Record<string, number>> = { a: 0, alpha: 0, b: 1, beta: 1, c: 2, rc: 2, pre: 2, preview: 2 };

const isPrerelease = ({ phase }: PythonVersion): boolean =>
  (phase[0] as number) < 3 || phase[3] !== Number.POSITIVE_INFINITY;
const isPostRelease = ({ phase }: PythonVersion): boolean => (phase[2] as number) >= 0;

function sameRelease(one: PythonVersion, other: PythonVersion): boolean {
  return one.epoch === other.epoch && compareLists(one.release, other.release) === 0;
}

function hasPrefix(version: PythonVersion, prefix: PythonVersion): boolean {
  return (
    version.epoch === prefix.epoch && prefix.release.every((part, index) => (version.release[index] ?? 0) === part)
  );
}

function compareParsed(one: PythonVersion, other: PythonVersion): number {
  return (
    one.epoch - other.epoch ||
    compareLists(one.release, other.release) ||
    compareLists(one.phase, other.phase) ||
    compareLocals(one.local, other.local)
  );
}

/** `1.2` and `1.2.0` are the same. */
function compareLists(one: readonly number[], other: readonly number[]): number {
  for (let index = 0; index < Math.max(one.length, other.length); index += 1) {
    const [a, b] = [one[index] ?? 0, other[index] ?? 0];
    if (a !== b) return a < b ? -1 : 1;
  }
  return 0;
}

/** Numbers come after words, and what is longer after what it begins with. */
function compareLocals(one: PythonVersion['local'], other: PythonVersion['local']): number {
  for (const [index, a] of one.entries()) {
    const b = other[index];
    if (b === undefined) return 1;
    if (a === b) continue;
    if (typeof a !== typeof b) return typeof a === 'number' ? 1 : -1;
    return a < b ? -1 : 1;
  }
  return one.length - other.length;
}
