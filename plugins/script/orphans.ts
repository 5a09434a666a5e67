/**
 * A worker that is killed leaves its scripts running. Each script therefore begins by writing down who it is, in a file
 * named after the operation's call; a later attempt of the call finds the file and ends what is left of the earlier one
 * before it starts anew: the group with its daemons, whose ids were never stored, strays that carry its `ctx` address, and
 * the folder in which the script lay with what it was given.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { allProcesses, endGroup, groupAlive, parseStat, statOf } from './process-group.js';
import { quote } from './shell-line.js';

const FOLDER = '.running';

export interface ProcessRecord {
  readonly file: string;
  /** Shell commands that write the record, to be run by the group's leader before anything else. */
  readonly prologue: string;
  /** The script has ended, and its end is known. */
  remove(): Promise<void>;
}

/**
 * @param workdir folder of the deployment on this machine
 * @param mark the attempt's `ctx` address, or any other text of its own
 * @param scratch a folder for the time of the attempt
 */
export async function processRecord(
  workdir: string,
  taskId: string,
  mark: string,
  scratch = '',
): Promise<ProcessRecord> {
  const file = fileFor(workdir, taskId);
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  // Only builtins: nothing is started, and nothing else has run, before the record is there.
  const told = `echo "$s"; echo ${quote(mark)}; echo ${quote(scratch)}`;
  const prologue = `{ read -r s </proc/$$/stat || s=$$; ${told}; } >${quote(file)} 2>/dev/null`;
  return {
    file,
    prologue,
    // A later attempt may have come in the meantime: then the record is its.
    remove: async () => ((await marked(file)) === mark ? await rm(file, { force: true }) : undefined),
  };
}

/** Ends what an earlier attempt of the call has left. @returns what was ended, for the log */
export async function endOrphan(workdir: string, taskId: string): Promise<string | undefined> {
  const file = fileFor(workdir, taskId);
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const [line = '', url = '', scratch = ''] = text.split('\n');
  const group = groupLeft(line);
  if (group !== undefined) await endGroup(group);
  const strays = url === '' ? [] : straysOf(url);
  for (const stray of strays) await endGroup(stray);
  // Scripts can write here too: nothing is removed for their sake that could be anything else.
  if (/^caisson-(script|ansible)-\w{6}$/.test(path.basename(scratch)))
    await rm(scratch, { recursive: true, force: true });
  await rm(file, { force: true });
  const ended = [...(group === undefined ? [] : [group]), ...strays];
  return ended.length === 0 ? undefined : `process group ${ended.join(', ')}`;
}

async function marked(file: string): Promise<string | undefined> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.split('\n')[1];
}

function groupLeft(line: string): number | undefined {
  const recorded = parseStat(line);
  const pid = recorded?.pid ?? Number.parseInt(line, 10);
  // Never 0 or 1: those would mean our own group, or every process.
  if (!Number.isInteger(pid) || pid <= 1 || !groupAlive(pid)) return undefined;
  const leader = statOf(pid);
  // Another leader under the same number: the group of old has long been gone. No leader, but a group: its number
  // cannot have been given away while members of the group live.
  return recorded && leader && leader.started !== recorded.started ? undefined : pid;
}

/** Groups of processes that left the script's group but still carry its environment. */
function straysOf(url: string): number[] {
  const mark = `CTX_SOCKET_URL=${url}`;
  const groups = allProcesses()
    .filter(({ state, pid }) => state !== 'Z' && pid !== process.pid && environmentHas(pid, mark))
    .map(({ group }) => group);
  return [...new Set(groups)].filter((group) => group > 1 && group !== statOf(process.pid)?.group);
}

function environmentHas(pid: number, entry: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(entry);
  } catch {
    return false;
  }
}

function fileFor(workdir: string, taskId: string): string {
  return path.join(workdir, FOLDER, createHash('sha256').update(taskId).digest('hex').slice(0, 32));
}
