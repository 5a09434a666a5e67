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

/** The same in the old family; its private key is kept in `keyFile`. */
export const oldNetworkWithMachine = (config: string, region: string, keyFile: string): string => `
tosca_definitions_version: cloudify_dsl_1_3
imports: [cloudify/types/types.yaml, 'plugin:cloudify-aws-plugin']
dsl_definitions:
  aws: &aws ${config.replace('region_name', 'ec2_region_name').replace('endpoint_url', 'ec2_region_endpoint')}
node_templates:
  net:
    type: cloudify.aws.nodes.VPC
    properties: { aws_config: *aws, cidr_block: 10.0.0.0/16 }
  sub:
    type: cloudify.aws.nodes.Subnet
    properties: { aws_config: *aws, cidr_block: 10.0.0.0/24, availability_zone: ${region}a }
    relationships: [{ type: cloudify.aws.relationships.subnet_contained_in_vpc, target: net }]
  igw:
    type: cloudify.aws.nodes.InternetGateway
    properties: { aws_config: *aws }
    relationships: [{ type: cloudify.aws.relationships.gateway_connected_to_vpc, target: net }]
  table:
    type: cloudify.aws.nodes.RouteTable
    properties: { aws_config: *aws }
    relationships:
      - { type: cloudify.aws.relationships.routetable_contained_in_vpc, target: net }
      - { type: cloudify.aws.relationships.routetable_associated_with_subnet, target: sub }
      - { type: cloudify.aws.relationships.route_table_to_gateway, target: igw }
  group:
    type: cloudify.aws.nodes.SecurityGroup
    properties:
      aws_config: *aws
      description: old group
      rules:
        - { ip_protocol: tcp, from_port: 22, to_port: 22, cidr_ip: 0.0.0.0/0 }
        - { egress: true, ip_protocol: udp, from_port: 53, to_port: 53, cidr_ip: 10.0.0.0/8 }
    relationships: [{ type: cloudify.aws.relationships.security_group_contained_in_vpc, target: net }]
  more_rules:
    type: cloudify.aws.nodes.SecurityGroupRule.Multi
    properties: { aws_config: *aws, rule: [{ ip_protocol: tcp, from_port: 80, to_port: 80, cidr_ip: 0.0.0.0/0 }] }
    relationships: [{ type: cloudify.aws.relationships.rule_contained_in_security_group, target: group }]
  key:
    type: cloudify.aws.nodes.KeyPair
    properties: { aws_config: *aws, private_key_path: ${keyFile} }
  address:
    type: cloudify.aws.nodes.ElasticIP
    properties: { aws_config: *aws, domain: vpc }
  machine:
    type: cloudify.aws.nodes.Instance
    properties:
      aws_config: *aws
      name: the machine
      tags: { role: web }
      image_id: ami-760aaa0f
      instance_type: t2.micro
      install_agent: false
      parameters: { placement: ${region}a, user_data: hello, block_device_map: { /dev/sda1: { size: 20 } } }
    relationships:
      - { type: cloudify.aws.relationships.instance_contained_in_subnet, target: sub }
      - { type: cloudify.aws.relationships.instance_connected_to_security_group, target: group }
      - { type: cloudify.aws.relationships.instance_connected_to_keypair, target: key }
      - { type: cloudify.aws.relationships.instance_connected_to_elastic_ip, target: address }
  volume:
    type: cloudify.aws.nodes.Volume
    properties: { aws_config: *aws, size: '5', zone: ${region}a, device: /dev/sdf }
    relationships: [{ type: cloudify.aws.relationships.volume_connected_to_instance, target: machine }]
`;
