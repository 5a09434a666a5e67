/** Tells what is done while the embedded stack comes up, so that a first start is no silent minute. */
import type { StackStep } from '../stack/up.js';
import type { Io } from './io.js';

const MIB = 1024 * 1024;

export function tellSteps(io: Io, quiet: boolean): (step: StackStep) => void {
  let tenth = -1;
  let drawn = false;
  const line = (text: string): void => {
    if (drawn) io.stderr.write('\n');
    drawn = false;
    if (!quiet) io.err(text);
  };
  return (step) => {
    switch (step.step) {
      case 'waiting':
        return line('Another command is starting Caisson here; waiting for it…');
      case 'downloading': {
        const now = Math.floor((step.receivedBytes / Math.max(1, step.totalBytes)) * 10);
        if (quiet || now === tenth) return;
        const text = `Downloading the Temporal server (once): ${(step.receivedBytes / MIB).toFixed(0)} of ${(step.totalBytes / MIB).toFixed(0)} MiB`;
        if (io.isTerminal) {
          io.stderr.write(`\r${text}`);
          drawn = true;
        } else if (tenth < 0 || now === 10) io.err(`${text}  ${tenth < 0 ? `from ${step.from}` : ''}`.trimEnd());
        tenth = now;
        return;
      }
      case 'starting-server':
        return line(`Starting the Temporal server ${step.version}${step.restart ? ' again, on its database' : ''}…`);
      case 'starting-worker':
        return line(
          `Starting a worker${step.why === 'first' ? '' : ` (${step.why === 'died' ? 'the last one died' : 'the last one was of an older build'})`}…`,
        );
      case 'up':
        if (step.started) line(`Temporal UI: ${step.stack.server.ui_url}    stop everything: caisson down`);
    }
  };
}
