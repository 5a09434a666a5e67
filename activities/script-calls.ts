/**
 * What a script asks for, without the secrets that it was told: in their place go references, which operations see
 * resolved. What names a call holds its arguments, so it is blanked too, and told back as the script knows it.
 */
import type { Json } from '../blueprint/json.js';
import type { ScriptCall } from '../workflows/script-messages.js';
import type { SecretLookup } from './secrets.js';

export class SecretiveCalls {
  readonly #secrets: Pick<SecretLookup, 'mask' | 'refer'>;
  /** Name with secrets → name without. */
  readonly #sent = new Map<string, string>();
  /** The other way round. */
  readonly #own = new Map<string, string>();
  readonly #counts = new Map<string, number>();

  constructor(secrets: Pick<SecretLookup, 'mask' | 'refer'>) {
    this.#secrets = secrets;
  }

  /** The name by which the execution knows a call. */
  keyOf(key: string): string {
    const known = this.#sent.get(key);
    if (known !== undefined) return known;
    const masked = this.#secrets.mask(key);
    if (masked === key) return key;
    // Calls that differ by a secret alone are told apart by their order.
    const count = (this.#counts.get(masked) ?? 0) + 1;
    this.#counts.set(masked, count);
    const sent = `${masked} ~${count}`;
    this.#sent.set(key, sent);
    this.#own.set(sent, key);
    return sent;
  }

  /** The name by which the script knows it. */
  ownKeyOf(key: string): string {
    return this.#own.get(key) ?? key;
  }

  sent(call: ScriptCall): ScriptCall {
    const { key, ...rest } = call;
    const named = 'of' in rest ? { ...rest, of: this.keyOf(rest.of) } : rest;
    return { ...(this.#secrets.refer(named as unknown as Json) as object), key: this.keyOf(key) } as ScriptCall;
  }
}
