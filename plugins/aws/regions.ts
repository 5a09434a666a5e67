/** Names of regions, to tell a misspelt one from a network that does not work. One that is new is no worse off than before. */
import { suggestion } from '../../blueprint/suggestion.js';

const AREAS: Readonly<Record<string, string>> = {
  af: 'south-1',
  ap: 'east-1 east-2 northeast-1 northeast-2 northeast-3 south-1 south-2 southeast-1 southeast-2 southeast-3 southeast-4 southeast-5 southeast-6 southeast-7',
  ca: 'central-1 west-1',
  cn: 'north-1 northwest-1',
  eu: 'central-1 central-2 north-1 south-1 south-2 west-1 west-2 west-3',
  il: 'central-1',
  me: 'central-1 south-1',
  mx: 'central-1',
  sa: 'east-1',
  us: 'east-1 east-2 west-1 west-2 gov-east-1 gov-west-1',
};

const REGIONS = Object.entries(AREAS).flatMap(([area, places]) => places.split(' ').map((place) => `${area}-${place}`));

/** @returns what is wrong with the region in the name of a host that does not exist; undefined = nothing that is known */
export function unknownRegion(host: string): string | undefined {
  const [, region] = /\.([a-z]{2,4}(?:-[a-z]+)+-\d+)\.amazonaws\.com/.exec(host) ?? [];
  if (region === undefined || REGIONS.includes(region)) return undefined;
  return [`no region ${region} is known`, suggestion(region, REGIONS)].filter(Boolean).join('; ');
}
