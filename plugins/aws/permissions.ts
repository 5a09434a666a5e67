/**
 * Rules of security groups. The API takes them in lists and refuses a whole list for one rule that is there already (or
 * is not); taken apart, each rule can be told from the others.
 */
import { isObject, type Json, type JsonObject } from '../../blueprint/json.js';
import type { Api } from './api.js';
import { ApiError } from './api-error.js';
import { objectsAt, valuesAt, withoutEmpty } from './json.js';

export type Direction = 'Ingress' | 'Egress';

const SOURCES = ['IpRanges', 'Ipv6Ranges', 'PrefixListIds', 'UserIdGroupPairs'];

export interface Authorized {
  /** Ids of the rules that were made. */
  readonly ids: readonly string[];
  /** Rules that were there before. */
  readonly present: readonly JsonObject[];
}

export async function authorize(
  api: Api,
  GroupId: string,
  direction: Direction,
  permissions: readonly JsonObject[],
): Promise<Authorized> {
  const command = `AuthorizeSecurityGroup${direction}`;
  const add = async (some: readonly JsonObject[]) =>
    valuesAt(await api.send(command, { GroupId, IpPermissions: some }), 'SecurityGroupRules.SecurityGroupRuleId').map(
      String,
    );
  try {
    return { ids: permissions.length === 0 ? [] : await add(permissions), present: [] };
  } catch (error) {
    if (!isCode(error, 'InvalidPermission.Duplicate')) throw error;
  }
  const ids: string[] = [];
  const present: JsonObject[] = [];
  for (const rule of permissions.flatMap(apart)) {
    try {
      ids.push(...(await add([rule])));
    } catch (error) {
      if (!isCode(error, 'InvalidPermission.Duplicate')) throw error;
      present.push(rule);
    }
  }
  return { ids, present };
}

/** Takes the rules away; those that are not there, nor their group, are as good as taken away. */
export async function revoke(
  api: Api,
  GroupId: string,
  direction: Direction,
  permissions: readonly JsonObject[],
  which: (rule: JsonObject) => boolean = () => true,
): Promise<void> {
  for (const rule of permissions.flatMap(apart).filter(which)) {
    try {
      await api.send(`RevokeSecurityGroup${direction}`, { GroupId, IpPermissions: [rule] });
    } catch (error) {
      if (!(error instanceof ApiError) || !error.gone) throw error;
    }
  }
}

/** One permission per source. */
export function apart(permission: JsonObject): JsonObject[] {
  const { IpProtocol, FromPort, ToPort } = permission;
  const base = Object.fromEntries(
    Object.entries({ IpProtocol, FromPort, ToPort }).filter(([, value]) => value !== undefined && value !== null),
  ) as JsonObject;
  const single = SOURCES.flatMap((key) =>
    objectsAt(permission, key).map((source): JsonObject => ({ ...base, [key]: [source] })),
  );
  return single.length > 0 ? single : [base];
}

/** Rules as the old family writes them, for one direction. */
export function fromOldRules(rules: readonly Json[], direction: Direction): JsonObject[] {
  return rules
    .filter((rule): rule is JsonObject => isObject(rule) && (rule.egress === true) === (direction === 'Egress'))
    .map(({ ip_protocol, from_port, to_port, cidr_ip, src_group_id }) => ({
      IpProtocol: ip_protocol === undefined || ip_protocol === '' ? '-1' : String(ip_protocol),
      ...withoutEmpty({ FromPort: from_port ?? null, ToPort: to_port ?? null }),
      ...(cidr_ip ? { IpRanges: [{ CidrIp: cidr_ip }] } : {}),
      ...(src_group_id ? { UserIdGroupPairs: [{ GroupId: src_group_id }] } : {}),
    }));
}

/** The same rules with groups that are called by name called by their ids. */
export async function withGroupIds(
  api: Api,
  groupId: string,
  permissions: readonly JsonObject[],
): Promise<JsonObject[]> {
  return await Promise.all(
    permissions.map(async (permission) => {
      const pairs = objectsAt(permission, 'UserIdGroupPairs');
      if (pairs.every(({ GroupId }) => GroupId === undefined || /^sg-[0-9a-f]+$/.test(String(GroupId))))
        return permission;
      const named = pairs.map(async (pair) => ({
        ...pair,
        GroupId: await idOfGroup(api, groupId, String(pair.GroupId)),
      }));
      return { ...permission, UserIdGroupPairs: await Promise.all(named) };
    }),
  );
}

async function idOfGroup(api: Api, beside: string, group: string): Promise<string> {
  if (/^sg-[0-9a-f]+$/.test(group)) return group;
  const [vpc] = valuesAt(await api.send('DescribeSecurityGroups', { GroupIds: [beside] }), 'SecurityGroups.VpcId');
  const Filters = [{ Name: 'group-name', Values: [group] }, ...(vpc ? [{ Name: 'vpc-id', Values: [vpc] }] : [])];
  const [id] = valuesAt(await api.send('DescribeSecurityGroups', { Filters }), 'SecurityGroups.GroupId');
  return String(id ?? group);
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof ApiError && error.code === code;
}
