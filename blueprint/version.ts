/** Versions of the language: `cloudify_dsl_1_0` … `cloudify_dsl_1_5`. */
import type { Place, Report } from './diagnostics.js';
import type { Json } from './json.js';

/** Major and minor. */
export type Version = readonly [number, number];

export const VERSIONS = ['1_0', '1_1', '1_2', '1_3', '1_4', '1_5'] as const;
const PREFIX = 'cloudify_dsl_';

export function isBefore(version: Version, other: Version): boolean {
  return version[0] !== other[0] ? version[0] < other[0] : version[1] < other[1];
}

/** `1_3`, as versioned files have it in their names. */
export const versionSuffix = (version: Version): string => version.join('_');

export function readVersion(value: Json | undefined, place: Place | undefined, report: Report): Version | undefined {
  const supported = VERSIONS.map((version) => PREFIX + version);
  if (value === undefined || value === null) {
    report(
      'C2020',
      'tosca_definitions_version is missing',
      place,
      `write, for instance: tosca_definitions_version: ${supported.at(-1)}`,
    );
    return undefined;
  }
  if (typeof value !== 'string') {
    report('C2010', `tosca_definitions_version must be text, not ${JSON.stringify(value)}`, place);
    return undefined;
  }
  const version = parsed(value);
  if (!version)
    report(
      'C2021',
      `${JSON.stringify(value)} is no version of the language`,
      place,
      `known are ${supported.join(', ')}`,
    );
  return version;
}

function parsed(text: string): Version | undefined {
  const known = VERSIONS.find((version) => text === PREFIX + version);
  if (!known) return undefined;
  const [major, minor] = known.split('_').map(Number) as [number, number];
  return [major, minor];
}
