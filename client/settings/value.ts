/** One setting's value, as text from a flag or variable or as TOML has it, turned into its kind. */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { CaissonError } from '../errors.js';
import { SETTINGS, type SettingKey } from './table.js';

export type SettingValue = string | number | boolean | readonly string[];

/**
 * @param from where it was given, for messages
 * @throws CaissonError when it is of another kind
 */
export function settingValue(key: SettingKey, given: unknown, from: string): SettingValue {
  const { kind, choices } = SETTINGS[key];
  const value = ofKind(kind, given);
  if (value === undefined || (choices && !choices.includes(String(value))))
    throw new CaissonError('usage', 'C1003', `${from}: ${key} must be ${choices ? choices.join(', ') : WORDS[kind]}`, {
      hint: SETTINGS[key].summary,
    });
  return value;
}

const WORDS = {
  text: 'text',
  path: 'a path',
  location: 'a path or file: URL',
  paths: 'paths',
  number: 'a whole number above 0',
  flag: 'true or false',
} as const;

function ofKind(kind: keyof typeof WORDS, given: unknown): SettingValue | undefined {
  if (kind === 'number') {
    const number = Number(given);
    return (typeof given === 'string' || typeof given === 'number') && Number.isInteger(number) && number > 0
      ? number
      : undefined;
  }
  if (kind === 'flag') {
    if (/^(true|1|yes|on)$/i.test(String(given))) return true;
    return /^(false|0|no|off)$/i.test(String(given)) ? false : undefined;
  }
  if (kind === 'paths') {
    const list = typeof given === 'string' ? given.split(path.delimiter).filter((one) => one !== '') : given;
    return Array.isArray(list) && list.every((one) => typeof one === 'string') ? list : undefined;
  }
  return typeof given === 'string' && given !== '' ? given : undefined;
}

/** Paths become absolute: those of a file are meant from its folder, others from the working directory. */
export function absolute(key: SettingKey, value: SettingValue, base: string, homedir: string): SettingValue {
  const one = (text: string): string =>
    path.resolve(
      base,
      text.replace(/^~(?=$|[/\\])/, () => homedir),
    );
  const { kind } = SETTINGS[key];
  if (kind === 'path') return one(String(value));
  if (kind === 'paths') return (value as readonly string[]).map(one);
  if (kind !== 'location') return value;
  const text = String(value);
  if (text.startsWith('file:')) return fileURLToPath(text);
  return /^[a-z][a-z0-9+]+:/i.test(text) ? text : one(text);
}
