/** The live picture of an execution on a terminal: one line each for what runs or waits, redrawn in place. */

import type { ProgressView } from '../../workflows/messages.js';
import { clock } from '../duration.js';
import type { PendingOperation } from '../watch.js';
import type { Colors } from './io.js';

const BAR = 16;
const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

export interface Picture {
  readonly progress: ProgressView;
  readonly pending: readonly PendingOperation[];
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly columns: number;
  /** Lines there is room for. */
  readonly rows: number;
}

/** The lines of one frame. Pure: the same picture gives the same lines. */
export function progressFrame({ progress, pending, now, columns, rows }: Picture, colors: Colors): readonly string[] {
  const { finished_operations: done, total_operations: total, workflow_id, deployment_id } = progress;
  const elapsed = now - Date.parse(progress.started_at);
  const filled = total === 0 ? 0 : Math.min(BAR, Math.round((done / total) * BAR));
  const states = Object.entries(progress.states).map(([state, count]) => `${count} ${state}`);
  const lines = [
    `${colors.bold(`${workflow_id} ${deployment_id}`)} ▕${'█'.repeat(filled)}${'░'.repeat(BAR - filled)}▏ ${done}/${total} operations  ${clock(elapsed)}`,
    colors.dim(`  ${states.join(' · ')}`),
  ];
  const attempts = new Map(pending.map((one) => [one.activity_id, one]));
  const room = Math.max(1, rows - lines.length - 2);
  const spinner = FRAMES[Math.floor(now / 100) % FRAMES.length] ?? '';
  for (const running of progress.running.slice(0, room)) {
    const attempt = attempts.get(running.activity_id);
    const subject =
      running.source_id && running.target_id ? `${running.source_id} → ${running.target_id}` : running.node_instance_id;
    const short = running.operation.slice(running.operation.lastIndexOf('.') + 1);
    const since = clock(now - Date.parse(running.started_at));
    lines.push(
      `  ${colors.cyan(spinner)} ${subject} · ${short}  ${colors.dim(running.implementation)}  ${since}${retryOf(attempt, now, colors)}`,
    );
  }
  if (progress.running.length > room) lines.push(colors.dim(`    and ${progress.running.length - room} more`));
  return lines.map((line) => clipped(line, columns));
}

function retryOf(attempt: PendingOperation | undefined, now: number, colors: Colors): string {
  if (!attempt || attempt.attempt < 2) return '';
  const wait = attempt.next_attempt_at ? Math.ceil((Date.parse(attempt.next_attempt_at) - now) / 1_000) : 0;
  const next = wait > 0 ? `, next in ${wait} s` : '';
  const reason = attempt.last_failure ? `: ${attempt.last_failure.split('\n', 1)[0]}` : '';
  return colors.yellow(`  try ${attempt.attempt}${next}${reason}`);
}

/** Cuts to the width of the terminal; escape codes have no width. */
function clipped(line: string, columns: number): string {
  let width = 0;
  let kept = '';
  for (let at = 0; at < line.length; ) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: terminal escapes begin with one
    const code = /^\u001b\[[0-9;]*m/.exec(line.slice(at))?.[0];
    if (code) kept += code;
    else if (width < columns - 1) {
      kept += line[at];
      width += 1;
    }
    at += code?.length ?? 1;
  }
  return kept;
}

export interface LiveArea {
  /** Shows these lines in place of the last ones. */
  draw(lines: readonly string[]): void;
  /** Writes above the live lines. */
  print(text: string): void;
  /** Removes the live lines. */
  clear(): void;
}

export function liveArea(write: (text: string) => void): LiveArea {
  let shown = 0;
  const erase = (): string => (shown > 0 ? `\u001b[${shown}A\u001b[0J` : '');
  return {
    draw(lines) {
      write(`${erase()}${lines.join('\n')}\n`);
      shown = lines.length;
    },
    print(text) {
      write(`${erase()}${text}\n`);
      shown = 0;
    },
    clear() {
      write(erase());
      shown = 0;
    },
  };
}
