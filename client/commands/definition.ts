/** What a command is made of. Its module is loaded only when it is called or its help is asked for. */

import type { Io } from '../output/io.js';
import type { Format } from '../output/print.js';

export interface ArgumentDefinition {
  /** `<blueprint>` required, `[id]` optional, `<paths...>` several. */
  readonly name: string;
  readonly summary: string;
}

export interface OptionDefinition {
  /** As commander has them: `-d, --deployment-id <id>`. */
  readonly flags: string;
  readonly summary: string;
  readonly default?: string | boolean | number;
  /** May be given several times: its value is a list. */
  readonly repeatable?: boolean;
  readonly choices?: readonly string[];
}

/** Options of every command. */
export interface GlobalOptions {
  readonly format: Format;
  readonly quiet: boolean;
  /** 0, 1 (`-v`), 2 (`-vv`)… */
  readonly verbosity: number;
  /** Connection flags as given; the settings resolve them against environment, files and defaults. */
  readonly address: string | undefined;
  readonly namespace: string | undefined;
  readonly profile: string | undefined;
  /** `--no-embedded`: never start a server here. */
  readonly embedded: boolean;
}

export interface Invocation {
  readonly args: readonly string[];
  readonly options: Readonly<Record<string, unknown>>;
  readonly global: GlobalOptions;
  readonly io: Io;
}

export interface CommandDefinition {
  readonly name: string;
  /** One line, no full stop. */
  readonly summary: string;
  readonly description?: string;
  readonly aliases?: readonly string[];
  readonly arguments?: readonly ArgumentDefinition[];
  readonly options?: readonly OptionDefinition[];
  /** Command lines that work, each with what it does. */
  readonly examples?: readonly (readonly [command: string, meaning: string])[];
  /** Imports what it needs lazily. @returns the exit code */
  readonly run?: (invocation: Invocation) => Promise<number>;
  /** Verbs of a noun. */
  readonly commands?: readonly CommandDefinition[];
}

export function optionalText(invocation: Invocation, name: string): string | undefined {
  const value = invocation.options[name];
  return typeof value === 'string' ? value : undefined;
}

export function texts(invocation: Invocation, name: string): readonly string[] {
  const value = invocation.options[name];
  return Array.isArray(value) ? (value as readonly string[]) : [];
}

export function flag(invocation: Invocation, name: string): boolean {
  return invocation.options[name] === true;
}
