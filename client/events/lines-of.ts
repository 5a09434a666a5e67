/** Lines of NDJSON; a line that a crash has cut is passed over. */
export function linesOf(bytes: Uint8Array | undefined): unknown[] {
  const values: unknown[] = [];
  for (const line of Buffer.from(bytes ?? new Uint8Array())
    .toString('utf8')
    .split('\n')) {
    if (line === '') continue;
    try {
      values.push(JSON.parse(line));
    } catch {}
  }
  return values;
}
