/** Locations of sources: absolute paths and URLs, taken apart and joined without touching a file system. */

/** `scheme:` at the beginning; one letter is a drive, not a scheme. */
const SCHEME = /^([a-zA-Z][a-zA-Z0-9+.-]+):/;

export function hasScheme(location: string): boolean {
  return SCHEME.test(location);
}

/** The folder of a location, without a slash at its end. */
export function folderOf(location: string): string {
  const at = location.lastIndexOf('/');
  return at < 0 ? '.' : location.slice(0, at);
}

/** `relative` as seen from a folder; an absolute one is itself. `.` and `..` are resolved. */
export function joined(folder: string, relative: string): string {
  const whole = relative.startsWith('/') ? relative : `${folder}/${relative}`;
  const root = /^(?:[a-zA-Z][a-zA-Z0-9+.-]+:\/\/[^/]*)?\/?/.exec(whole)?.[0] ?? '';
  const segments: string[] = [];
  for (const segment of whole.slice(root.length).split('/')) {
    if (segment === '' || segment === '.') continue;
    if (segment === '..' && segments.length > 0 && segments.at(-1) !== '..') segments.pop();
    else if (segment !== '..' || root === '') segments.push(segment);
  }
  return root + segments.join('/');
}

/** `types.yaml` and the version `1_3` make `types_1_3.yaml`. */
export function versioned(location: string, suffix: string): string {
  const dot = location.lastIndexOf('.');
  return dot <= location.lastIndexOf('/')
    ? `${location}_${suffix}`
    : `${location.slice(0, dot)}_${suffix}${location.slice(dot)}`;
}
