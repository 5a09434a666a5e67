/**
 * Packages that may be installed by their name alone, as the setting `python_plugins` says. Descriptions of plugins name
 * packages that nobody has published: who publishes one under such a name would get to run code here.
 */

export interface AllowedPackages {
  has(name: string): boolean;
  /** Whether the setting says which version, and so leaves no choice. */
  pinned(name: string): boolean;
  /**
   * What pip is told for a package: the setting's own requirement, else the version that the blueprint names. Undefined for
   * one that is not allowed.
   */
  requirement(name: string, version: string | undefined): string | undefined;
}

const REQUIREMENT = /^([A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?)(?:\[[\w,.-]*\])?(.*)$/;

/** @param text requirements as pip knows them, parted by blanks or semicolons: `cloudify-aws-plugin==3.1.7` */
export function allowedPackages(text = ''): AllowedPackages {
  const requirements = new Map<string, { readonly full: string; readonly pinned: boolean }>();
  for (const entry of text.split(/[;\s]+/).filter((one) => one !== '')) {
    const [, name, rest = ''] = REQUIREMENT.exec(entry) ?? [];
    if (name !== undefined) requirements.set(normalized(name), { full: entry, pinned: rest !== '' });
  }
  return {
    has: (name) => requirements.has(normalized(name)),
    pinned: (name) => requirements.get(normalized(name))?.pinned === true,
    requirement(name, version) {
      const found = requirements.get(normalized(name));
      if (!found) return undefined;
      return found.pinned || version === undefined ? found.full : `${found.full}==${version}`;
    },
  };
}

/** Names of packages are the same however they are parted (PEP 503). */
function normalized(name: string): string {
  return name.toLowerCase().replaceAll(/[-_.]+/g, '-');
}
