/** The node types of each resource, the current family's first, then the old one's. */
const CURRENT = 'cloudify.nodes.aws.ec2.';
const LOAD_BALANCING = 'cloudify.nodes.aws.elb.';
const OLD = 'cloudify.aws.nodes.';

export const NODE_TYPES = {
  instances: [`${CURRENT}Instances`, `${OLD}Instance`],
  keypair: [`${CURRENT}Keypair`, `${OLD}KeyPair`],
  securitygroup: [`${CURRENT}SecurityGroup`, `${OLD}SecurityGroup`],
  securitygrouprule: [
    `${CURRENT}SecurityGroupRuleIngress`,
    `${CURRENT}SecurityGroupRuleEgress`,
    `${OLD}SecurityGroupRule`,
  ],
  elasticip: [`${CURRENT}ElasticIP`, `${OLD}ElasticIP`],
  ebs: [`${CURRENT}EBSVolume`, `${OLD}Volume`],
  ebs_attachment: [`${CURRENT}EBSAttachment`],
  vpc: [`${CURRENT}Vpc`, `${OLD}VPC`],
  subnet: [`${CURRENT}Subnet`, `${OLD}Subnet`],
  internet_gateway: [`${CURRENT}InternetGateway`, `${OLD}InternetGateway`],
  routetable: [`${CURRENT}RouteTable`, `${OLD}RouteTable`],
  route: [`${CURRENT}Route`],
  eni: [`${CURRENT}Interface`, `${OLD}Interface`],
  image: [`${CURRENT}Image`],
  nat_gateway: [`${CURRENT}NATGateway`],
  tags: [`${CURRENT}Tags`],
  vpc_peering: [`${CURRENT}VpcPeering`],
  networkacl: [`${CURRENT}NetworkACL`, `${OLD}ACL`],
  networkaclentry: [`${CURRENT}NetworkAclEntry`],
  dhcp: [`${CURRENT}DHCPOptions`, `${OLD}DHCPOptions`],
  vpn_gateway: [`${CURRENT}VPNGateway`, `${OLD}VPNGateway`],
  customer_gateway: [`${CURRENT}CustomerGateway`, `${OLD}CustomerGateway`],
  vpn_connection: [`${CURRENT}VPNConnection`],
  vpn_connection_route: [`${CURRENT}VPNConnectionRoute`],
  transit_gateway: [`${CURRENT}TransitGateway`],
  transit_gateway_routetable: [`${CURRENT}TransitGatewayRouteTable`],
  transit_gateway_route: [`${CURRENT}TransitGatewayRoute`],
  spot_instances: [`${CURRENT}SpotInstances`],
  spot_fleet_request: [`${CURRENT}SpotFleetRequest`],
  'elb.classic.load_balancer': [`${LOAD_BALANCING}Classic.LoadBalancer`, `${OLD}ElasticLoadBalancer`],
  'elb.classic.listener': [`${LOAD_BALANCING}Classic.Listener`],
  'elb.classic.health_check': [`${LOAD_BALANCING}Classic.HealthCheck`],
  'elb.classic.policy': [`${LOAD_BALANCING}Classic.Policy`],
  'elb.load_balancer': [`${LOAD_BALANCING}LoadBalancer`],
  'elb.target_group': [`${LOAD_BALANCING}TargetGroup`],
  'elb.listener': [`${LOAD_BALANCING}Listener`],
  'elb.rule': [`${LOAD_BALANCING}Rule`],
  call: [`${CURRENT}Call`],
} as const satisfies Record<string, readonly string[]>;

export type ResourceName = keyof typeof NODE_TYPES;
