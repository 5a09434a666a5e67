/** Shell texts that start and stop an agent on its host. For a POSIX shell; run in the home folder. */
import { quote } from '../script/shell-line.js';
import { AGENTS_FOLDER } from './kit.js';

export interface AgentPlace {
  /** Name of its folder. */
  readonly name: string;
  /** Shell words that are the program. */
  readonly command: string;
}

/**
 * Starts the agent apart from whoever starts it, and again whenever it dies. It ends for good when it ends well: told to,
 * or its host is no more.
 */
export function startLines({ name, command }: AgentPlace): string[] {
  const folder = `${AGENTS_FOLDER}/${quote(name)}`;
  return [
    `cd ${folder}`,
    // What it is told to do when it dies: in a file, so that the process list shows what runs.
    `cat > supervise.sh <<'CAISSON_END'`,
    `while :; do`,
    `  ${command} agents run --settings settings.json >> agent.log 2>&1 && exit 0`,
    `  sleep 2`,
    `done`,
    'CAISSON_END',
    'chmod 700 supervise.sh',
    'if command -v setsid >/dev/null 2>&1; then setsid sh supervise.sh </dev/null >/dev/null 2>&1 &',
    'else nohup sh supervise.sh </dev/null >/dev/null 2>&1 &',
    'fi',
    'echo $! > supervise.pid',
  ];
}

/** Ends the agent's processes, gently at first. Nothing to do is fine. */
export function stopLines(name: string): string[] {
  return [
    `cd ${AGENTS_FOLDER}/${quote(name)} 2>/dev/null || exit 0`,
    '[ -f supervise.pid ] || exit 0',
    'pid=$(cat supervise.pid)',
    // A stranger may have the number by now.
    'case "$(tr "\\0" " " < "/proc/$pid/cmdline" 2>/dev/null)" in *supervise.sh*) ;; *) rm -f supervise.pid; exit 0 ;; esac',
    // In these words, because not every shell understands the shorter ones for a group of processes.
    'kill -s TERM -- "-$pid" 2>/dev/null || kill -s TERM "$pid" 2>/dev/null',
    'for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do kill -s 0 -- "-$pid" 2>/dev/null || break; sleep 1; done',
    'kill -s KILL -- "-$pid" 2>/dev/null',
    'rm -f supervise.pid',
  ];
}
