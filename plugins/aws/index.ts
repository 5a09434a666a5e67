import { definePlugin } from '../sdk/define.js';
import { aliases } from './aliases.js';
import { callOperations } from './resources/call.js';
import { customerGatewayOperations } from './resources/customer_gateway.js';
import { dhcpOperations } from './resources/dhcp.js';
import { ebsOperations } from './resources/ebs.js';
import { elasticIpOperations } from './resources/elasticip.js';
import { classicHealthCheckOperations } from './resources/elb/classic_health_check.js';
import { classicListenerOperations } from './resources/elb/classic_listener.js';
import { classicLoadBalancerOperations } from './resources/elb/classic_load_balancer.js';
import { classicPolicyOperations } from './resources/elb/classic_policy.js';
import { listenerOperations, ruleOperations } from './resources/elb/listener.js';
import { loadBalancerOperations } from './resources/elb/load_balancer.js';
import { targetGroupOperations } from './resources/elb/target_group.js';
import { interfaceOperations } from './resources/eni.js';
import { gatewayOperations } from './resources/gateway.js';
import { imageOperations } from './resources/image.js';
import { instanceOperations } from './resources/instances.js';
import { internetGatewayOperations } from './resources/internet_gateway.js';
import { keyPairOperations } from './resources/keypair.js';
import { natGatewayOperations } from './resources/nat_gateway.js';
import { networkAclOperations } from './resources/networkacl.js';
import { networkAclEntryOperations } from './resources/networkaclentry.js';
import { routeOperations } from './resources/route.js';
import { routeTableOperations } from './resources/routetable.js';
import { securityGroupOperations } from './resources/securitygroup.js';
import { securityGroupRuleOperations } from './resources/securitygrouprule.js';
import { spotOperations } from './resources/spot.js';
import { subnetOperations } from './resources/subnet.js';
import { tagOperations } from './resources/tags.js';
import { transitGatewayOperations } from './resources/transit_gateway.js';
import { vpcOperations } from './resources/vpc.js';
import { vpcPeeringOperations } from './resources/vpc_peering.js';
import { vpnConnectionOperations } from './resources/vpn_connection.js';
import { vpnGatewayOperations } from './resources/vpn_gateway.js';

const operations = {
  ...instanceOperations,
  ...keyPairOperations,
  ...securityGroupOperations,
  ...securityGroupRuleOperations,
  ...elasticIpOperations,
  ...ebsOperations,
  ...vpcOperations,
  ...subnetOperations,
  ...internetGatewayOperations,
  ...routeTableOperations,
  ...routeOperations,
  ...interfaceOperations,
  ...imageOperations,
  ...natGatewayOperations,
  ...tagOperations,
  ...gatewayOperations,
  ...vpcPeeringOperations,
  ...networkAclOperations,
  ...networkAclEntryOperations,
  ...dhcpOperations,
  ...vpnGatewayOperations,
  ...customerGatewayOperations,
  ...vpnConnectionOperations,
  ...transitGatewayOperations,
  ...spotOperations,
  ...classicLoadBalancerOperations,
  ...classicListenerOperations,
  ...classicHealthCheckOperations,
  ...classicPolicyOperations,
  ...loadBalancerOperations,
  ...targetGroupOperations,
  ...listenerOperations,
  ...ruleOperations,
  ...callOperations,
};

export default definePlugin({
  name: 'aws',
  packageNames: ['cloudify-aws-plugin'],
  version: '3.2.4',
  operations,
  aliases: aliases(operations),
});
