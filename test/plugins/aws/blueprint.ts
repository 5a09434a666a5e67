/** Blueprints of a few nodes, written as short as their meaning allows. */

/** @param nodes YAML of the node templates; `CLIENT` in it stands for the client's configuration */
export function blueprint(config: string, nodes: string): string {
  return [
    'tosca_definitions_version: cloudify_dsl_1_3',
    "imports: [cloudify/types/types.yaml, 'plugin:cloudify-aws-plugin']",
    'node_templates:',
    nodes.replaceAll('CLIENT', `client_config: ${config}`).replace(/^\n*/, ''),
  ].join('\n');
}

/** A machine in a network of its own, with address, rules and a disk: every resource that such a thing has. */
export const networkWithMachine = (config: string, region: string): string => `
tosca_definitions_version: cloudify_dsl_1_3
imports: [cloudify/types/types.yaml, 'plugin:cloudify-aws-plugin']
dsl_definitions:
  client: &client ${config}
node_templates:
  vpc:
    type: cloudify.nodes.aws.ec2.Vpc
    properties: { client_config: *client, resource_config: { CidrBlock: 10.10.0.0/16 }, Tags: [{ Key: Owner, Value: me }] }
  subnet:
    type: cloudify.nodes.aws.ec2.Subnet
    properties: { client_config: *client, resource_config: { CidrBlock: 10.10.4.0/24, AvailabilityZone: ${region}b } }
    relationships: [{ type: cloudify.relationships.depends_on, target: vpc }]
  gateway:
    type: cloudify.nodes.aws.ec2.InternetGateway
    properties: { client_config: *client }
    relationships: [{ type: cloudify.relationships.connected_to, target: vpc }]
  table:
    type: cloudify.nodes.aws.ec2.RouteTable
    properties: { client_config: *client }
    relationships:
      - { type: cloudify.relationships.contained_in, target: vpc }
      - { type: cloudify.relationships.connected_to, target: subnet }
  route:
    type: cloudify.nodes.aws.ec2.Route
    properties: { client_config: *client, resource_config: { kwargs: { DestinationCidrBlock: 0.0.0.0/0 } } }
    relationships:
      - { type: cloudify.relationships.contained_in, target: table }
      - { type: cloudify.relationships.connected_to, target: gateway }
    interfaces: { cloudify.interfaces.lifecycle: { stop: {} } }
  group:
    type: cloudify.nodes.aws.ec2.SecurityGroup
    properties: { client_config: *client, resource_config: { GroupName: web, Description: web, VpcId: { get_attribute: [vpc, aws_resource_id] } } }
    relationships: [{ type: cloudify.relationships.depends_on, target: vpc }]
  rules:
    type: cloudify.nodes.aws.ec2.SecurityGroupRuleIngress
    properties:
      client_config: *client
      resource_config: { IpPermissions: [{ IpProtocol: tcp, FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: 0.0.0.0/0 }] }] }
    relationships: [{ type: cloudify.relationships.contained_in, target: group }]
  nic:
    type: cloudify.nodes.aws.ec2.Interface
    properties: { client_config: *client, resource_config: { kwargs: { Description: nic } } }
    relationships:
      - { type: cloudify.relationships.depends_on, target: group }
      - { type: cloudify.relationships.depends_on, target: subnet }
  ip:
    type: cloudify.nodes.aws.ec2.ElasticIP
    properties: { client_config: *client }
    relationships: [{ type: cloudify.relationships.depends_on, target: nic }]
  ami:
    type: cloudify.nodes.aws.ec2.Image
    properties: { client_config: *client, resource_config: { kwargs: { Filters: [{ Name: name, Values: ['amzn-ami-*'] }], Owners: ['137112412989'] } } }
  vm:
    type: cloudify.nodes.aws.ec2.Instances
    properties:
      client_config: *client
      use_public_ip: true
      resource_config: { ImageId: { get_attribute: [ami, aws_resource_id] }, InstanceType: t2.micro, kwargs: { UserData: '#!/bin/sh' } }
      agent_config: { install_method: none }
    relationships:
      - { type: cloudify.relationships.depends_on, target: ami }
      - { type: cloudify.relationships.depends_on, target: nic }
      - { type: cloudify.relationships.depends_on, target: ip }
  disk:
    type: cloudify.nodes.aws.ec2.EBSVolume
    properties: { client_config: *client, resource_config: { AvailabilityZone: ${region}b, Size: 8 } }
  disk_on_vm:
    type: cloudify.nodes.aws.ec2.EBSAttachment
    properties: { client_config: *client, resource_config: { kwargs: { Device: /dev/xvdf } } }
    relationships:
      - { type: cloudify.relationships.connected_to, target: disk }
      - { type: cloudify.relationships.connected_to, target: vm }
`;
