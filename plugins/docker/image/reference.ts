/** Names of images: `[registry/]repository[:tag][@digest]`. */

export interface ImageReference {
  /** With the registry, without tag and digest. */
  readonly repository: string;
  readonly tag: string | undefined;
  readonly digest: string | undefined;
  /** Host (and port) of the registry; `docker.io` when the name has none. */
  readonly registry: string;
}

export function imageReference(text: string): ImageReference {
  const [named = '', digest] = text.split('@', 2) as [string, string?];
  const colon = named.lastIndexOf(':');
  const hasTag = colon > named.lastIndexOf('/');
  const repository = hasTag ? named.slice(0, colon) : named;
  const [first = '', ...rest] = repository.split('/');
  const hasRegistry = rest.length > 0 && /[.:]|^localhost$/.test(first);
  return {
    repository,
    tag: hasTag ? named.slice(colon + 1) : undefined,
    digest,
    registry: hasRegistry ? first : 'docker.io',
  };
}

/** With the tag that the engine would take. */
export function withTag(text: string): string {
  const { tag, digest } = imageReference(text);
  return tag === undefined && digest === undefined ? `${text}:latest` : text.replace(/:$/, ':latest');
}
