/** Network interfaces of a new instance: those it is related to and those its configuration lists. */
import type { Json, JsonObject } from '../../blueprint/json.js';
import type { NodeOperationContext } from '../sdk/context.js';
import { idFrom, relatedTo } from './infer.js';
import { objectsAt, textAt, valuesAt } from './json.js';

export function withInterfaces(ctx: NodeOperationContext, config: JsonObject): JsonObject {
  const related = relatedTo(ctx.instance, 'eni').flatMap((target): JsonObject[] => {
    const id = idFrom(target);
    if (id === undefined) return [];
    const index = textAt(target.instance.runtimeProperties, 'device_index');
    return [{ NetworkInterfaceId: id, ...(index === undefined ? {} : { DeviceIndex: Number(index) }) }];
  });
  const listed = objectsAt(config.NetworkInterfaces, '');
  const ids = new Set(listed.map(({ NetworkInterfaceId }) => NetworkInterfaceId).filter(Boolean));
  const all = numbered([
    ...listed,
    ...related.filter(({ NetworkInterfaceId }) => !ids.has(NetworkInterfaceId as string)),
  ]);
  if (all.length === 0) return config;
  const { SubnetId, SecurityGroupIds, NetworkInterfaces: _, ...rest } = config;
  const [primary, ...others] = all as [JsonObject, ...JsonObject[]];
  return { ...rest, NetworkInterfaces: [withPlace(ctx, primary, SubnetId, SecurityGroupIds), ...others] };
}

/** The API takes subnet and groups from the primary interface only; an interface that exists has its own. */
function withPlace(ctx: NodeOperationContext, primary: JsonObject, subnet?: Json, groups?: Json): JsonObject {
  if (subnet === undefined && groups === undefined) return primary;
  if (primary.NetworkInterfaceId !== undefined) {
    ctx.logger.warn('SubnetId and SecurityGroupIds of %s are those of %s', ctx.instance.id, primary.NetworkInterfaceId);
    return primary;
  }
  return {
    ...(subnet === undefined ? {} : { SubnetId: subnet }),
    ...(groups === undefined ? {} : { Groups: valuesAt(groups, '') }),
    ...primary,
  };
}

/** Device indexes without gaps from 0: given ones order the interfaces, the others follow as they come. */
function numbered(interfaces: readonly JsonObject[]): JsonObject[] {
  const given = interfaces.filter(({ DeviceIndex }) => DeviceIndex !== undefined);
  const sorted = [...given].sort((a, b) => Number(a.DeviceIndex) - Number(b.DeviceIndex));
  const rest = interfaces.filter(({ DeviceIndex }) => DeviceIndex === undefined);
  const slots: JsonObject[] = [];
  for (const item of sorted) {
    while (slots.length < Number(item.DeviceIndex) && rest.length > 0) slots.push(rest.shift() as JsonObject);
    slots.push(item);
  }
  return [...slots, ...rest].map((item, DeviceIndex) => ({ ...item, DeviceIndex }));
}
