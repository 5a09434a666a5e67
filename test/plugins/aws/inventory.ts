/** Everything that there is in a region and does not come with it; ended things do not count. */
import * as api from '@aws-sdk/client-ec2';
import { isObject, type Json, type JsonObject } from '../../../blueprint/json.js';
import { objectsAt, textAt } from '../../../plugins/aws/json.js';

interface Kind {
  /** `Describe…` without the verb; the answer's list has the same name. */
  readonly name: string;
  readonly id: string;
  readonly input?: JsonObject;
  /** @default all whose state is not an end */
  readonly counts?: (item: JsonObject) => boolean;
  /** What else of it must stay the same. */
  readonly detail?: (item: JsonObject) => unknown;
}

const KINDS: readonly Kind[] = [
  { name: 'Vpcs', id: 'VpcId', counts: ({ IsDefault }) => IsDefault !== true },
  { name: 'Subnets', id: 'SubnetId', counts: ({ DefaultForAz }) => DefaultForAz !== true },
  {
    name: 'SecurityGroups',
    id: 'GroupId',
    // The service of load balancers makes one of its own for those that are given none, and keeps it.
    counts: ({ GroupName }) => !String(GroupName).startsWith('default_elb_'),
    detail: (group) => [group.IpPermissions, group.IpPermissionsEgress],
  },
  { name: 'Addresses', id: 'AllocationId', detail: ({ AssociationId = null }) => AssociationId },
  // The endpoint keeps the interfaces that come with an instance when it is terminated; ours are tagged.
  { name: 'NetworkInterfaces', id: 'NetworkInterfaceId', counts: (item) => objectsAt(item, 'TagSet').length > 0 },
  { name: 'InternetGateways', id: 'InternetGatewayId', detail: ({ Attachments }) => Attachments },
  { name: 'RouteTables', id: 'RouteTableId', detail: ({ Routes, Associations }) => [Routes, Associations] },
  { name: 'NatGateways', id: 'NatGatewayId' },
  { name: 'Volumes', id: 'VolumeId', detail: ({ Attachments }) => Attachments },
  { name: 'KeyPairs', id: 'KeyName' },
  // The endpoint keeps that of a VPC when the VPC is deleted.
  { name: 'NetworkAcls', id: 'NetworkAclId', counts: ({ IsDefault }) => IsDefault !== true },
  { name: 'DhcpOptions', id: 'DhcpOptionsId' },
  { name: 'VpnGateways', id: 'VpnGatewayId' },
  { name: 'VpnConnections', id: 'VpnConnectionId' },
  { name: 'CustomerGateways', id: 'CustomerGatewayId' },
  { name: 'VpcPeeringConnections', id: 'VpcPeeringConnectionId' },
  { name: 'TransitGateways', id: 'TransitGatewayId' },
  { name: 'TransitGatewayAttachments', id: 'TransitGatewayAttachmentId' },
  // The endpoint keeps that of a transit gateway when the gateway is deleted.
  {
    name: 'TransitGatewayRouteTables',
    id: 'TransitGatewayRouteTableId',
    counts: ({ DefaultAssociationRouteTable }) => DefaultAssociationRouteTable !== true,
  },
  { name: 'EgressOnlyInternetGateways', id: 'EgressOnlyInternetGatewayId' },
  // The endpoint keeps those of a fleet when the fleet is cancelled; ours are tagged.
  {
    name: 'SpotInstanceRequests',
    id: 'SpotInstanceRequestId',
    counts: (item) => objectsAt(item, 'Tags').length > 0,
  },
  { name: 'SpotFleetRequests', id: 'SpotFleetRequestId' },
  { name: 'LaunchTemplates', id: 'LaunchTemplateId' },
  { name: 'Snapshots', id: 'SnapshotId', input: { OwnerIds: ['self'] } },
  { name: 'Images', id: 'ImageId', input: { Owners: ['self'] } },
];

const COMMANDS: ReadonlyMap<string, unknown> = new Map(Object.entries(api));

const ENDED = ['terminated', 'deleted', 'deleting', 'cancelled', 'cancelled_running', 'rejected', 'closed'];

/** @returns a line for each, which begins with its id */
export async function ec2Inventory(client: api.EC2Client): Promise<string[]> {
  const [reservations, ...lists] = await Promise.all([
    described(client, 'Instances', 'Reservations', {}),
    ...KINDS.map(async (kind) => linesOf(kind, await described(client, kind.name, listOf(kind), kind.input ?? {}))),
  ]);
  const instances = reservations.flatMap((reservation) => objectsAt(reservation, 'Instances'));
  return [...linesOf({ name: 'Instances', id: 'InstanceId' }, instances), ...lists.flat()].toSorted();
}

async function described(client: api.EC2Client, name: string, list: string, input: JsonObject): Promise<JsonObject[]> {
  const Command = COMMANDS.get(`Describe${name}Command`) as new (input: JsonObject) => never;
  const answer: unknown = await client.send(new Command(input));
  return objectsAt(JSON.parse(JSON.stringify(answer)) as JsonObject, list);
}

function listOf({ name }: Kind): string {
  return name.startsWith('SpotFleet') ? 'SpotFleetRequestConfigs' : name;
}

function linesOf({ id, counts = () => true, detail }: Kind, items: readonly JsonObject[]): string[] {
  return items
    .filter((item) => counts(item) && !hasEnded(item))
    .map((item) => {
      const line = textAt(item, id) ?? JSON.stringify(item);
      return detail === undefined ? line : `${line} ${JSON.stringify(detail(item))}`;
    });
}

function hasEnded({ State, Status, SpotFleetRequestState }: JsonObject): boolean {
  const code = (value: Json | undefined): unknown => (isObject(value) ? (value.Name ?? value.Code) : value);
  return [State, Status, SpotFleetRequestState].some((value) => ENDED.includes(String(code(value))));
}
