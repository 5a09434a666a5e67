/** Runs one script of a blueprint the way the engine does, without an engine. */
import { readdirSync, readFileSync } from 'node:fs';
import script from '../../../plugins/script/index.js';
import type { JsonObject } from '../../../plugins/sdk/index.js';
import { type FakeContextOptions, type OperationRun, runOperation } from '../../../plugins/sdk/testing.js';

export interface ScriptCase extends FakeContextOptions {
  readonly process?: JsonObject;
}

/** @param source the script's text; it is written to the blueprint under `name` */
export async function runFile(name: string, source: string, options: ScriptCase = {}): Promise<OperationRun> {
  const { process, ...context } = options;
  return await runOperation(script, 'run', {
    ...context,
    resources: { [name]: source, ...context.resources },
    inputs: { script_path: name, ...(process ? { process } : {}), ...context.inputs },
  });
}

/** A bash script under `set -e`. */
export async function bash(source: string, options: ScriptCase = {}): Promise<OperationRun> {
  return await runFile('scripts/run.sh', `#!/bin/bash -e\n${source}\n`, options);
}

/** The lines a script wrote to its standard output, as the log has them. */
export function output({ logs }: OperationRun): string[] {
  return logs.flatMap(({ message }) => (message.startsWith('<out> ') ? [message.slice('<out> '.length)] : []));
}

export function errors({ logs }: OperationRun): string[] {
  return logs.flatMap(({ message }) => (message.startsWith('<err> ') ? [message.slice('<err> '.length)] : []));
}

/** Whether a process runs: one that nobody has collected yet does not. */
export function runs(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return !/\) Z /.test(stat);
  } catch {
    return false;
  }
}

/** Ids of the processes whose command line holds the text. */
export function processesWith(text: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(text) && runs(pid);
      } catch {
        return false;
      }
    });
}

export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 10));
}
