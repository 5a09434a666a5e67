/** Load balancers of the old family, said in the words of the current one. */
import type { Json, JsonObject } from '../../blueprint/json.js';
import { objectsAt, valuesAt } from './json.js';

/** @param given the node's properties, or an operation's `args`, which call the name `name` */
export function oldLoadBalancer(given: JsonObject): JsonObject {
  const { elb_name = null, name = null, zones, security_groups, subnets, scheme = null } = given;
  return {
    LoadBalancerName: name ?? elb_name,
    AvailabilityZones: valuesAt(zones, ''),
    SecurityGroups: valuesAt(security_groups, ''),
    Subnets: valuesAt(subnets, ''),
    Scheme: scheme,
    Listeners: [...listenersIn(given.listeners, false), ...listenersIn(given.complex_listeners, true)],
    HealthChecks: objectsAt(given.health_checks, '').map(healthCheck),
  };
}

/** `[port, port of the instance, protocol, certificate]`, or with the protocol to the instance before the certificate. */
function listenersIn(tuples: Json | undefined, complex: boolean): JsonObject[] {
  if (!Array.isArray(tuples)) return [];
  return tuples.filter(Array.isArray).map((tuple): JsonObject => {
    const [LoadBalancerPort = null, InstancePort = null, protocol = null, fourth, fifth] = tuple as Json[];
    const Protocol = typeof protocol === 'string' ? protocol.toUpperCase() : protocol;
    const inner = complex ? fourth : undefined;
    const certificate = complex ? fifth : fourth;
    return {
      LoadBalancerPort,
      InstancePort,
      Protocol,
      ...(typeof inner === 'string' ? { InstanceProtocol: inner.toUpperCase() } : {}),
      ...(certificate ? { SSLCertificateId: certificate } : {}),
    };
  });
}

function healthCheck(check: JsonObject): JsonObject {
  const { target = null, interval = 30, timeout = 5, healthy_threshold = 3, unhealthy_threshold = 5 } = check;
  return {
    Target: target,
    Interval: interval,
    Timeout: timeout,
    HealthyThreshold: healthy_threshold,
    UnhealthyThreshold: unhealthy_threshold,
  };
}
