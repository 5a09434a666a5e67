/** What is said of a walk that failed: every operation that failed for good, where and why. */
import { taskName } from './event-texts.js';
import type { FailedOperation } from './messages.js';

/** @param legacy in the reference's form: the function without its plugin, the error's class and its message */
export function failureText(failures: readonly FailedOperation[], legacy: boolean): string {
  const texts = failures.map((failure) => (legacy ? referenceText(failure) : ownText(failure)));
  if (texts.length === 1) return `Task failed: ${texts[0]}`;
  const prefix = legacy ? '' : 'Task failed: ';
  return `${texts.length} operation errors:\n${texts.map((text) => `${prefix}${text}`).join('\n')}`;
}

function ownText({ implementation, node_instance_id, operation, message }: FailedOperation): string {
  return `${implementation} (${node_instance_id}:${operation}): ${message}`;
}

function referenceText({ implementation, node_instance_id, operation, error_type, message }: FailedOperation): string {
  const own = message.startsWith(`${error_type}: `) ? message.slice(error_type.length + 2) : message;
  return `${taskName(implementation)} (${node_instance_id}:${operation}): ${error_type} \`${own}\``;
}
