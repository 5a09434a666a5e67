/** The Docker plugin. What its operations need is loaded with the first call of one. */
import type { JsonObject } from '../../blueprint/json.js';
import type { OperationContext } from '../sdk/context.js';
import { definePlugin, type OperationDefinition, type OperationFn, operation } from '../sdk/define.js';

type Result = ReturnType<OperationFn>;

function lazily<Module>(
  load: () => Promise<Module>,
  run: (module: Module, ctx: OperationContext, inputs: JsonObject) => Result,
): OperationDefinition {
  return operation({}, async (ctx, inputs) => (await run(await load(), ctx, inputs)) as undefined);
}

const container = () => import('./container/operations.js');
const legacy = () => import('./container/legacy.js');
const files = () => import('./staged-files/operations.js');
const host = () => import('./host/operations.js');
const image = () => import('./image/operations.js');
const listing = () => import('./listing.js');
const network = () => import('./network.js');
const playbook = () => import('./staged-files/playbook.js');
const terraform = () => import('./staged-files/terraform.js');
const volume = () => import('./volume.js');

/** Operations as blueprints of the plugin's second generation spell them. */
const ALIASES_2 = {
  build_image: 'image.create',
  remove_image: 'image.delete',
  create_container: 'container.create',
  start_container: 'container.start',
  stop_container: 'container.stop',
  remove_container: 'container.delete',
  list_images: 'images.list',
  list_containers: 'containers.list',
  list_host_details: 'host_details.list',
  prepare_container_files: 'container_files.create',
  remove_container_files: 'container_files.delete',
  install_docker: 'host.create',
  uninstall_docker: 'host.delete',
};

const PLAYBOOKS = {
  set_playbook_config: 'ansible_playbook.prepare',
  create_ansible_playbook: 'ansible_playbook.create',
  remove_ansible_playbook: 'ansible_playbook.delete',
};

const MODULES = {
  prepare_terraform_files: 'terraform_module.create',
  remove_terraform_files: 'terraform_module.delete',
};

/** … and of its first, whose names of other modules mean the same. */
const ALIASES_1 = {
  create_container: 'legacy_container.create',
  start: 'legacy_container.start',
  stop: 'legacy_container.stop',
  remove_container: 'legacy_container.delete',
};

export default definePlugin({
  name: 'docker',
  packageNames: ['cloudify-docker-plugin'],
  version: '2.0.16',
  operations: {
    'image.create': lazily(image, ({ createImage }, ctx) => createImage(ctx)),
    'image.delete': lazily(image, ({ deleteImage }, ctx) => deleteImage(ctx)),
    'container.create': lazily(container, ({ createContainer }, ctx) => createContainer(ctx) as Result),
    'container.start': lazily(container, ({ startOperation }, ctx) => startOperation(ctx)),
    'container.stop': lazily(container, ({ stopContainer }, ctx, inputs) => stopContainer(ctx, inputs)),
    'container.delete': lazily(container, ({ deleteContainer }, ctx, inputs) => deleteContainer(ctx, inputs)),
    'legacy_container.create': lazily(legacy, ({ createLegacy }, ctx, inputs) => createLegacy(ctx, inputs)),
    'legacy_container.start': lazily(legacy, ({ startLegacy }, ctx, inputs) => startLegacy(ctx, inputs)),
    'legacy_container.stop': lazily(legacy, ({ stopLegacy }, ctx, inputs) => stopLegacy(ctx, inputs)),
    'legacy_container.delete': lazily(legacy, ({ deleteLegacy }, ctx, inputs) => deleteLegacy(ctx, inputs)),
    'container_files.create': lazily(files, ({ stageFiles }, ctx) => stageFiles(ctx)),
    'container_files.delete': lazily(files, ({ removeFiles }, ctx) => removeFiles(ctx)),
    'ansible_playbook.prepare': lazily(playbook, ({ notePlaybook }, ctx, inputs) => notePlaybook(ctx, inputs)),
    'ansible_playbook.create': lazily(playbook, ({ stagePlaybook }, ctx) => stagePlaybook(ctx)),
    'ansible_playbook.delete': lazily(playbook, ({ removePlaybook }, ctx) => removePlaybook(ctx)),
    'terraform_module.create': lazily(terraform, ({ stageModule }, ctx) => stageModule(ctx)),
    'terraform_module.delete': lazily(terraform, ({ removeModule }, ctx) => removeModule(ctx)),
    'network.create': lazily(network, ({ createNetwork }, ctx) => createNetwork(ctx)),
    'network.delete': lazily(network, ({ deleteNetwork }, ctx) => deleteNetwork(ctx)),
    'volume.create': lazily(volume, ({ createVolume }, ctx) => createVolume(ctx)),
    'volume.delete': lazily(volume, ({ deleteVolume }, ctx) => deleteVolume(ctx)),
    'images.list': lazily(listing, ({ listImages }, ctx) => listImages(ctx)),
    'containers.list': lazily(listing, ({ listContainers }, ctx) => listContainers(ctx)),
    'host_details.list': lazily(listing, ({ listHostDetails }, ctx) => listHostDetails(ctx)),
    'host.create': lazily(host, ({ installDocker }, ctx) => installDocker(ctx)),
    'host.delete': lazily(host, ({ uninstallDocker }, ctx) => uninstallDocker(ctx)),
  },
  aliases: {
    ...prefixed('cloudify_docker.tasks.', ALIASES_2),
    ...prefixed('cloudify_docker.ansible.', PLAYBOOKS),
    ...prefixed('cloudify_docker.terraform.', MODULES),
    ...prefixed('docker_plugin.tasks.', ALIASES_1),
  },
});

function prefixed(prefix: string, names: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(names).map(([name, operationName]) => [prefix + name, operationName]));
}
