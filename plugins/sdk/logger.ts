import { format } from 'node:util';
import type { LogLevel } from './host.js';

/** Writes to the execution's log. `%s`, `%d`, `%j` in the message take the arguments after it. Never fails. */
export interface Logger {
  debug(message: string, ...values: readonly unknown[]): void;
  info(message: string, ...values: readonly unknown[]): void;
  warn(message: string, ...values: readonly unknown[]): void;
  warning(message: string, ...values: readonly unknown[]): void;
  error(message: string, ...values: readonly unknown[]): void;
}

export function loggerOn(write: (level: LogLevel, message: string) => void): Logger {
  const at =
    (level: LogLevel) =>
    (message: string, ...values: readonly unknown[]) =>
      write(level, format(message, ...values));
  return { debug: at('debug'), info: at('info'), warn: at('warning'), warning: at('warning'), error: at('error') };
}
