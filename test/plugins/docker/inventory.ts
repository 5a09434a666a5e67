import type Docker from 'dockerode';

/** Everything that an engine has. */
export async function engineInventory(docker: Docker): Promise<string[]> {
  const [containers, images, networks, { Volumes }] = await Promise.all([
    docker.listContainers({ all: true }),
    docker.listImages({ all: true }),
    docker.listNetworks(),
    docker.listVolumes(),
  ]);
  return [
    ...containers.map(({ Id, Names }) => `container ${Names.join(' ')} ${Id}`),
    ...images.map(({ Id, RepoTags }) => `image ${(RepoTags ?? []).toSorted().join(' ')} ${Id}`),
    ...networks.map(({ Id, Name }) => `network ${Name} ${Id}`),
    ...(Volumes ?? []).map(({ Name }) => `volume ${Name}`),
  ].toSorted();
}
