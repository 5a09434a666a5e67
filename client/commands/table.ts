/** The command tree: names and summaries here, so that `caisson --help` loads nothing else. */
import type { CommandDefinition } from './definition.js';

export interface CommandEntry {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly summary: string;
  readonly group: 'Run blueprints' | 'Look' | 'Manage' | 'Set up';
  readonly load: () => Promise<CommandDefinition>;
}

export const COMMANDS: readonly CommandEntry[] = [];
