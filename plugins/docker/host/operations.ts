/** Operations of `cloudify.nodes.docker.host`: Docker on a machine that is reached over SSH. */
import type { JsonObject } from '../../../blueprint/json.js';
import { machineLogin, relatedHost, sshLoginOf } from '../../hosts/login.js';
import { type SshConnection, sshConnect } from '../../hosts/ssh.js';
import { quote } from '../../script/shell-line.js';
import type { NodeOperationContext, OperationContext } from '../../sdk/context.js';
import { NonRecoverableError, RecoverableError } from '../../sdk/errors.js';
import { requireNode } from '../../sdk/require-kind.js';
import { isFalse, isTrue, objectOf, textOf } from '../../values.js';

const RECORDED = ['docker_host', 'docker_version', 'docker_installed_by_us'];

/** Installs Docker unless it is there. */
export async function installDocker(context: OperationContext): Promise<void> {
  await onHost(context, async (shell, ctx, user) => {
    const runtime = ctx.instance.runtimeProperties;
    if (!(await shell.succeeds('command -v docker >/dev/null && (docker version || sudo -n docker version)'))) {
      runtime.docker_installed_by_us = true;
      await ctx.instance.update();
      await install(shell, objectOf(ctx.node.properties.resource_config));
      if (user !== 'root') await shell.asRoot(`usermod -aG docker ${quote(user)}`, 'the user cannot be given Docker');
    }
    const version = await shell.output(
      "docker version --format '{{.Server.Version}}' || sudo -n docker version --format '{{.Server.Version}}'",
    );
    if (version === '') throw new RecoverableError(`Docker on ${shell.host} does not answer yet`);
    runtime.docker_version = version;
    runtime.docker_host = shell.host;
  });
}

/** Removes Docker with all that it holds, if it was installed by this node. */
export async function uninstallDocker(context: OperationContext): Promise<void> {
  const { instance } = requireNode(context);
  if (instance.runtimeProperties.docker_installed_by_us === true)
    await onHost(context, async (shell) => {
      const packages =
        'docker-ce docker-ce-cli docker-buildx-plugin docker-compose-plugin containerd.io docker.io docker-engine';
      const script =
        'if command -v apt-get >/dev/null; then ' +
        `for p in ${packages}; do DEBIAN_FRONTEND=noninteractive apt-get purge -y "$p" || true; done; ` +
        `elif command -v dnf >/dev/null; then dnf remove -y ${packages} || true; ` +
        `else yum remove -y ${packages} || true; fi; rm -rf /var/lib/docker /var/lib/containerd`;
      await shell.asRoot(script, 'Docker cannot be removed');
    });
  for (const name of RECORDED) delete instance.runtimeProperties[name];
}

async function install(shell: Shell, config: JsonObject): Promise<void> {
  const sudo = !isFalse(config.install_with_sudo);
  const run = sudo ? shell.asRoot : shell.asUser;
  if (isTrue(config.offline_installation)) {
    const [archive, folder] = [textOf(config.package_tar_path), textOf(config.installation_dir)];
    if (archive === undefined || folder === undefined)
      throw new NonRecoverableError(
        'offline_installation needs package_tar_path and installation_dir, paths on the host',
      );
    const into = quote(folder);
    await run(
      `mkdir -p ${into} && tar -xf ${quote(archive)} -C ${into} && dpkg -i ${into}/*.deb`,
      'Docker cannot be installed',
    );
    const script = textOf(config.post_install_script_path);
    if (script !== undefined) await run(`sh ${quote(script)}`, 'the script after the installation failed');
    return;
  }
  const url = textOf(config.install_url) ?? 'https://get.docker.com';
  await run(fetched(url), 'Docker cannot be installed');
  const more = textOf(config.install_script);
  if (more !== undefined) await run(fetched(more), 'the script after the installation failed');
}

/** Fetches a script whole, so that a broken connection runs no half of it. */
function fetched(url: string): string {
  const from = quote(url);
  return (
    `script=$(mktemp) && { curl -fsSL -o "$script" ${from} || wget -q -O "$script" ${from}; } && sh "$script"; ` +
    'code=$?; rm -f "$script"; exit $code'
  );
}

interface Shell {
  readonly host: string;
  succeeds(command: string): Promise<boolean>;
  output(command: string): Promise<string>;
  /** @throws RecoverableError when the command fails */
  asRoot(command: string, what: string): Promise<void>;
  asUser(command: string, what: string): Promise<void>;
}

async function onHost(
  context: OperationContext,
  work: (shell: Shell, ctx: NodeOperationContext, user: string) => Promise<void>,
): Promise<void> {
  const ctx = requireNode(context);
  const machine = objectOf(ctx.node.properties.docker_machine);
  const ip = textOf(machine.docker_ip);
  const host = ip === undefined ? relatedHost(ctx) : { address: () => ip, login: {} };
  if (!host) throw new NonRecoverableError(`${ctx.node.name}: docker_machine.docker_ip must name the machine`);
  const login = await sshLoginOf(ctx, machineLogin(machine), host);
  const connection = await sshConnect(login, ctx.signal);
  try {
    await work(shellOn(connection, ctx, login.host, login.user), ctx, login.user);
  } finally {
    connection.close();
  }
}

function shellOn(connection: SshConnection, ctx: NodeOperationContext, host: string, user: string): Shell {
  const exec = async (command: string) => await connection.exec(command, ctx.signal);
  async function asUser(command: string, what: string): Promise<void> {
    const { code, stdout, stderr } = await exec(command);
    for (const line of `${stdout}${stderr}`.split('\n')) if (line.trim() !== '') ctx.logger.debug(line.trimEnd());
    if (code !== 0) throw new RecoverableError(`${what} on ${host}: exit code ${code}: ${stderr.trim().slice(-1_000)}`);
  }
  return {
    host,
    succeeds: async (command) => (await exec(command)).code === 0,
    output: async (command) => (await exec(command)).stdout.trim(),
    asUser,
    asRoot: async (command, what) => await asUser(user === 'root' ? command : `sudo -n sh -c ${quote(command)}`, what),
  };
}
