import type { JsonObject } from '../../blueprint/json.js';
import type { Call } from './call.js';
import { textAt, valuesAt } from './json.js';

/** How to reach an instance; `ip` is the one that its node asks to be reached by. */
export function addressesOf({ properties }: Call, instance: JsonObject): JsonObject {
  const own = textAt(instance, 'PrivateIpAddress');
  const open = textAt(instance, 'PublicIpAddress');
  const ipv4 = unique([own, ...valuesAt(instance, 'NetworkInterfaces.PrivateIpAddresses.PrivateIpAddress')]);
  const ipv6 = unique([
    ...valuesAt(instance, 'NetworkInterfaces.Ipv6Addresses.Ipv6Address'),
    textAt(instance, 'Ipv6Address'),
  ]);
  const wanted = properties.use_public_ip === true ? open : properties.use_ipv6_ip === true ? ipv6[0] : undefined;
  return {
    ip: wanted ?? own ?? open ?? null,
    private_ip_address: own ?? null,
    public_ip_address: open ?? null,
    ipv4_address: ipv4[0] ?? null,
    ipv4_addresses: ipv4,
    ipv6_address: ipv6[0] ?? null,
    ipv6_addresses: ipv6,
  };
}

function unique(values: readonly unknown[]): string[] {
  return [...new Set(values.filter((value): value is string => typeof value === 'string' && value !== ''))];
}
