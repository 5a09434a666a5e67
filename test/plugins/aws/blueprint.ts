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
