/** What the old family's instances tell in their runtime properties, beside what both families do. */
import type { JsonObject } from '../../blueprint/json.js';
import type { Call } from './call.js';
import { textAt, withoutEmpty } from './json.js';
import { isOldFamily } from './old-family.js';

/** No longer true of an instance that is stopped. */
export const STOPPED_FACTS = ['public_dns_name', 'public_ip_address'] as const;

export function oldInstanceFacts({ ctx }: Call, instance: JsonObject): JsonObject {
  if (!isOldFamily(ctx.node)) return {};
  return withoutEmpty({
    reservation_id: textAt(instance, 'ReservationId') ?? null,
    vpc_id: textAt(instance, 'VpcId') ?? null,
    subnet_id: textAt(instance, 'SubnetId') ?? null,
    placement: textAt(instance, 'Placement.AvailabilityZone') ?? null,
    private_dns_name: textAt(instance, 'PrivateDnsName') ?? null,
    public_dns_name: textAt(instance, 'PublicDnsName') ?? null,
    public_ip_address: textAt(instance, 'PublicIpAddress') ?? null,
    ip: textAt(instance, 'PrivateIpAddress') ?? null,
    aws_resource_state: textAt(instance, 'State.Code') ?? null,
    external_type: 'instance',
  });
}
