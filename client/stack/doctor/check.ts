/** One thing that was looked at. */
export interface Check {
  readonly name: string;
  /** `warn`: works, but look at it. `absent`: not there, and needed only for some blueprints. */
  readonly status: 'ok' | 'warn' | 'fail' | 'absent';
  readonly detail: string;
  /** What to do about it. */
  readonly fix: string | null;
}

export const ok = (name: string, detail: string): Check => ({ name, status: 'ok', detail, fix: null });
export const warn = (name: string, detail: string, fix: string): Check => ({ name, status: 'warn', detail, fix });
export const fail = (name: string, detail: string, fix: string): Check => ({ name, status: 'fail', detail, fix });
export const absent = (name: string, detail: string, fix: string | null = null): Check => ({
  name,
  status: 'absent',
  detail,
  fix,
});
