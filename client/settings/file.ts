/** Settings in TOML: `caisson.toml` of a project, `config.toml` of a person. */
import { parse } from 'smol-toml';
import { suggestion } from '../../blueprint/suggestion.js';
import { CaissonError } from '../errors.js';
import { SETTING_KEYS, SETTINGS, type SettingKey } from './table.js';
import { type SettingValue, settingValue } from './value.js';

export interface SettingsFile {
  readonly path: string;
  readonly text: string;
}

/**
 * The settings of a file.
 *
 * @throws CaissonError for text that is no TOML, a key that is no setting, or a value of another kind
 */
export function settingsIn({ path, text }: SettingsFile): ReadonlyMap<SettingKey, SettingValue> {
  const found = new Map<SettingKey, SettingValue>();
  for (const [name, value] of flat(parsed(path, text))) {
    const key = SETTING_KEYS.find((one) => one === name);
    if (key === undefined)
      throw new CaissonError('usage', 'C1003', `${path}: there is no setting ${name}`, {
        hint: suggestion(name, SETTING_KEYS) ?? 'see: caisson config list',
      });
    found.set(key, settingValue(key, value, path));
  }
  return found;
}

/** The settings of a project's file, which decides less than a person's own. */
export function projectSettings(file: SettingsFile): ReadonlyMap<SettingKey, SettingValue> {
  const found = settingsIn(file);
  for (const key of found.keys())
    if (SETTINGS[key].personal)
      throw new CaissonError('usage', 'C1004', `${file.path}: ${key} may not be set by a project`, {
        hint: `set it for yourself: caisson config set ${key} …, or the variable ${SETTINGS[key].variable}`,
      });
  return found;
}

function parsed(path: string, text: string): Record<string, unknown> {
  try {
    return parse(text);
  } catch (error) {
    throw new CaissonError('usage', 'C1002', `${path}: ${(error as Error).message.trim()}`, { cause: error });
  }
}

function flat(table: Record<string, unknown>, prefix = ''): [string, unknown][] {
  return Object.entries(table).flatMap(([name, value]): [string, unknown][] =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? flat(value as Record<string, unknown>, `${prefix}${name}.`)
      : [[`${prefix}${name}`, value]],
  );
}
