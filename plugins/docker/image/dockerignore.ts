/** `.dockerignore`: the last pattern that matches a path, or a folder above it, decides; `!` takes back in. */
export function ignoring(text: string): (name: string) => boolean {
  const rules = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const keep = line.startsWith('!');
      const pattern = (keep ? line.slice(1) : line)
        .trim()
        .replace(/^\/+|\/+$/g, '')
        .replace(/^\.\//, '');
      return { keep, expression: expressionOf(pattern) };
    });
  return (name) => {
    const lineage = name.split('/').map((_, at, parts) => parts.slice(0, at + 1).join('/'));
    let ignored = false;
    for (const { keep, expression } of rules) if (lineage.some((one) => expression.test(one))) ignored = !keep;
    return ignored;
  };
}

function expressionOf(pattern: string): RegExp {
  const source = pattern.replace(/\*\*\/|\*\*|\*|\?|\[[^\]]+\]|[^*?[]/g, (part) => {
    if (part === '**/') return '(?:.*/)?';
    if (part === '**') return '.*';
    if (part === '*') return '[^/]*';
    if (part === '?') return '[^/]';
    return part.startsWith('[') ? part : part.replace(/[.+^${}()|\]\\]/g, '\\$&');
  });
  return new RegExp(`^${source}$`);
}
