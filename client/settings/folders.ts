/** Where a platform keeps a program's data, cache, state and configuration. */
import path from 'node:path';

export interface Platform {
  readonly name: NodeJS.Platform;
  readonly homedir: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export interface Folders {
  readonly data: string;
  readonly cache: string;
  readonly state: string;
  readonly configuration: string;
}

/** Caisson's folders: those of the XDG rules, of macOS, or of Windows. */
export function platformFolders({ name, homedir, environment }: Platform): Folders {
  // The XDG rules ask to ignore relative paths.
  const xdg = (variable: string): string | undefined => {
    const given = environment[variable];
    return given !== undefined && path.isAbsolute(given) ? path.join(given, 'caisson') : undefined;
  };
  const fallback = fallbackFolders(name, homedir, environment);
  return {
    data: xdg('XDG_DATA_HOME') ?? fallback.data,
    cache: xdg('XDG_CACHE_HOME') ?? fallback.cache,
    state: xdg('XDG_STATE_HOME') ?? fallback.state,
    configuration: xdg('XDG_CONFIG_HOME') ?? fallback.configuration,
  };
}

function fallbackFolders(name: NodeJS.Platform, homedir: string, environment: Platform['environment']): Folders {
  if (name === 'darwin') {
    const data = path.join(homedir, 'Library/Application Support/caisson');
    return {
      data,
      cache: path.join(homedir, 'Library/Caches/caisson'),
      state: path.join(data, 'state'),
      configuration: path.join(homedir, '.config/caisson'),
    };
  }
  if (name === 'win32') {
    const local = path.join(environment.LOCALAPPDATA ?? path.join(homedir, 'AppData/Local'), 'caisson');
    const roaming = path.join(environment.APPDATA ?? path.join(homedir, 'AppData/Roaming'), 'caisson');
    return {
      data: path.join(local, 'data'),
      cache: path.join(local, 'cache'),
      state: path.join(local, 'state'),
      configuration: roaming,
    };
  }
  return {
    data: path.join(homedir, '.local/share/caisson'),
    cache: path.join(homedir, '.cache/caisson'),
    state: path.join(homedir, '.local/state/caisson'),
    configuration: path.join(homedir, '.config/caisson'),
  };
}

/** The `temporal` command's configuration file, where that command itself looks for it. */
export function temporalConfigFile({ name, homedir, environment }: Platform): string {
  const xdg = environment.XDG_CONFIG_HOME;
  const folder =
    name === 'win32'
      ? (environment.APPDATA ?? path.join(homedir, 'AppData/Roaming'))
      : name === 'darwin'
        ? path.join(homedir, 'Library/Application Support')
        : xdg !== undefined && path.isAbsolute(xdg)
          ? xdg
          : path.join(homedir, '.config');
  return path.join(folder, 'temporalio', 'temporal.toml');
}
