/** From a blueprint to its cure: an exporter is installed, Prometheus sees it die, the policy heals it, uninstall leaves nothing. */
import { access, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compileBlueprint, prepare } from '../../../client/prepare.js';
import { freePort } from '../../../client/stack/ports.js';
import { builtInPlugins } from '../../../plugins/builtin.js';
import plugin from '../../../plugins/prometheus/index.js';
import { policiesQuery, policiesWorkflowId } from '../../../workflows/policies/messages.js';
import { type Deployment, openStage, request, type Stage } from '../../workflows/stage.js';
import { becomes, notesOf, type PrometheusServer, startPrometheus } from './server.js';

let prometheus: PrometheusServer;
let stage: Stage;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'caisson-policy-'));
  prometheus = await startPrometheus();
  stage = await openStage({ plugins: [plugin] });
});
afterAll(async () => {
  await stage?.close();
  await prometheus?.stop();
  await rm(folder, { recursive: true, force: true });
});

const BLUEPRINT = `
tosca_definitions_version: cloudify_dsl_1_5
imports: [cloudify/types/types.yaml, "plugin:caisson-prometheus", "plugin:caisson-policies"]
inputs: { url: {}, targets: {}, rules: {}, port: {} }
node_templates:
  prometheus:
    type: caisson.nodes.prometheus.Server
    properties: { url: { get_input: url }, targets_folder: { get_input: targets }, rules_folder: { get_input: rules } }
  vm:
    type: cloudify.nodes.Compute
    properties: { ip: 127.0.0.1, agent_config: { install_method: none } }
  exporter:
    type: caisson.nodes.prometheus.NodeExporter
    properties: { port: { get_input: port } }
    interfaces:
      # What Prometheus says is to be enough.
      cloudify.interfaces.validation: { check_status: {} }
    relationships:
      - { type: cloudify.relationships.contained_in, target: vm }
      - type: caisson.relationships.prometheus.monitored_by
        target: prometheus
        # In properties of relationships functions are not evaluated.
        source_interfaces:
          cloudify.interfaces.relationship_lifecycle:
            establish: { implementation: prometheus.targets.register, inputs: { port: { get_input: port } } }
groups:
  exporters:
    members: [exporter]
    policies:
      up:
        type: caisson.policies.Health
        properties: { interval: 0.3, failures: 2, interval_between_workflows: 5, prometheus: { get_input: url } }
        triggers:
          heal:
            type: cloudify.policies.triggers.execute_workflow
            parameters:
              workflow: heal
              workflow_parameters: { node_instance_id: { get_property: [SELF, node_id] } }
      load:
        type: caisson.policies.Metric
        properties:
          interval: 0.3
          query: process_open_fds
          threshold: 100000
          prometheus: { get_property: [prometheus, url] }
`;

test('a node that maps no check_status is healed when Prometheus says that it is down', async () => {
  const port = await freePort();
  await writeFile(path.join(folder, 'blueprint.yaml'), BLUEPRINT);
  const catalog = await builtInPlugins();
  const inputs = {
    url: prometheus.url,
    targets: prometheus.targetsFolder,
    rules: prometheus.rulesFolder,
    port,
  };
  const { compact, instances } = prepare(await compileBlueprint(folder, catalog), inputs, catalog);
  const deployment = await stage.deploy({ plan: compact, instances }, request('install'));
  expect(await deployment.ended()).toMatchObject({ status: 'terminated', error: null });
  const exporter = instances.find(({ node_id }) => node_id === 'exporter')?.id as string;
  await becomes(prometheus.targets, (targets) => targets.includes(`${exporter} up`));
  await becomes(
    async () => await phaseOf(deployment, 'up', exporter),
    (phase) => phase === 'well',
  );
  await becomes(
    async () => await latestValue(deployment, exporter),
    (value) => value > 0,
  );

  const pid = Number(await readFile(`${notesOf(port)}/pid`, 'utf8'));
  process.kill(pid, 'SIGKILL');
  await becomes(
    async () => await heals(deployment),
    (found) => found[0]?.status === 'terminated',
  );
  const [heal] = await heals(deployment);
  expect(heal?.cause?.reason).toBe('up is 0 in Prometheus');
  await becomes(prometheus.targets, (targets) => targets.includes(`${exporter} up`));
  expect(Number(await readFile(`${notesOf(port)}/pid`, 'utf8'))).not.toBe(pid);
  await becomes(
    async () => await phaseOf(deployment, 'up', exporter),
    (phase) => phase === 'well',
  );

  await deployment.ended(await deployment.execute('uninstall', { queue: true }));
  await becomes(prometheus.targets, (targets) => targets.length === 0);
  expect(await readdir(prometheus.targetsFolder)).toEqual([]);
  await expect(access(notesOf(port))).rejects.toThrow();
});

async function standing({ id }: Deployment, policy: string, subject: string) {
  const view = await stage.client.workflow.getHandle(policiesWorkflowId(id)).query(policiesQuery);
  return view.policies.find((one) => one.policy === policy)?.standings[subject];
}

async function phaseOf(deployment: Deployment, policy: string, subject: string): Promise<string | undefined> {
  return (await standing(deployment, policy, subject))?.phase;
}

async function latestValue(deployment: Deployment, subject: string): Promise<number> {
  return (await standing(deployment, 'load', subject))?.value ?? 0;
}

async function heals(deployment: Deployment) {
  return (await deployment.view()).executions.filter(({ workflow_id }) => workflow_id === 'heal');
}
