/** The Ansible plugin: playbooks run by the worker. */

import { definePlugin, operation } from '../sdk/define.js';
import { playbookNode, settingsOf } from './settings.js';

const RECORDED = ['sources', 'facts', 'available_tags', 'completed_tags', 'tags_of', 'playbook_config'];

export default definePlugin({
  name: 'ansible',
  packageNames: ['cloudify-ansible-plugin'],
  version: '3.2.8',
  operations: {
    run: operation({}, async (ctx, inputs) => (await import('./run.js')).runPlaybook(ctx, inputs)),
    /** What a run would change: the playbook in check mode. */
    drift: operation({}, async (ctx, inputs) => (await import('./run.js')).findDrift(ctx, inputs)),
    /** Says early what would fail late. */
    check: operation({}, async (ctx, inputs) => {
      const { openWorkspace } = await import('./workspace.js');
      await (await openWorkspace(ctx, settingsOf(ctx, inputs))).remove();
    }),
    /** The node's properties are what the playbook is run with; nothing has to be kept. */
    configure: operation({}, async (ctx, inputs) => void settingsOf(ctx, inputs)),
    cleanup: operation({}, async (ctx) => {
      const { instance } = playbookNode(ctx);
      for (const name of RECORDED) delete instance.runtimeProperties[name];
    }),
    'hosts.add': operation({}, async (ctx, inputs) => (await import('./hosts.js')).addHost(ctx, inputs)),
    'hosts.remove': operation({}, async (ctx, inputs) => (await import('./hosts.js')).removeHost(ctx, inputs)),
    'environment.create': operation({}, async (ctx) => (await import('./environment.js')).installAnsible(ctx)),
    'environment.update': operation({}, async (ctx, inputs) =>
      (await import('./environment.js')).updateAnsible(ctx, inputs),
    ),
    'environment.delete': operation({}, async (ctx) => (await import('./environment.js')).uninstallAnsible(ctx)),
  },
  aliases: {
    'cloudify_ansible.tasks.run': 'run',
    'cloudify_ansible.tasks.precreate': 'check',
    'cloudify_ansible.tasks.configure': 'configure',
    'cloudify_ansible.tasks.set_playbook_config': 'configure',
    'cloudify_ansible.tasks.store_facts': 'configure',
    'cloudify_ansible.tasks.cleanup': 'cleanup',
    'cloudify_ansible.tasks.ansible_requires_host': 'hosts.add',
    'cloudify_ansible.tasks.ansible_remove_host': 'hosts.remove',
    'cloudify_ansible.tasks.install': 'environment.create',
    'cloudify_ansible.tasks.update_venv': 'environment.update',
    'cloudify_ansible.tasks.uninstall': 'environment.delete',
  },
});
