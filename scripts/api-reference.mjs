// Writes docs/api/: a page for each public module, from the docstrings in its declarations. Run after a build:
//   npm run docs
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** Import name → what it is for, and its declarations in the build. */
export const MODULES = {
  'caisson/plugin-sdk': { page: 'plugin-sdk', title: 'Writing operations', file: 'plugins/sdk/index.d.ts' },
  'caisson/plugin-sdk/testing': {
    page: 'plugin-testing',
    title: 'Testing operations',
    file: 'plugins/sdk/testing.d.ts',
  },
  'caisson/workflow-sdk': { page: 'workflow-sdk', title: 'Writing workflows', file: 'workflows/sdk/index.d.ts' },
  'caisson/workflow-sdk/testing': {
    page: 'workflow-testing',
    title: 'Testing workflows',
    file: 'worker/workflow-testing.d.ts',
  },
  'caisson/script': { page: 'script', title: 'JavaScript scripts', file: 'plugins/script/node/client.d.cts' },
  caisson: { page: 'library', title: 'Caisson as a library', file: 'client/index.d.ts' },
};

/**
 * @param {string} folder with the declarations
 * @param {string} sources where those lie that are written by hand
 * @returns {{ pages: Map<string, string>, undocumented: string[] }} file name → text; exports without a docstring
 */
export function apiReference(folder, sources = folder) {
  const pages = new Map();
  const undocumented = [];
  const links = [];
  for (const [name, { page, title, file }] of Object.entries(MODULES)) {
    const found = exportsOf(path.join(file.endsWith('.d.cts') ? sources : folder, file));
    for (const one of found) if (one.doc === undefined) undocumented.push(`${name}: ${one.name}`);
    pages.set(`${page}.md`, pageOf(name, title, found));
    links.push(`- [\`${name}\`](${page}.md): ${title.toLowerCase()}`);
  }
  const index = `# API reference\n\nGenerated from the docstrings by \`npm run docs\`.\n\n${links.join('\n')}\n`;
  return { pages: new Map([['README.md', index], ...pages]), undocumented };
}

function pageOf(name, title, found) {
  const sorted = [...found].sort((a, b) => rank(a) - rank(b));
  const list = sorted.map((one) => `[\`${one.name}\`](#${one.name.toLowerCase()})`).join(' · ');
  const parts = sorted.map(
    ({ name: own, doc = '', code }) => `## ${own}\n\n${markdown(doc)}\`\`\`ts\n${code}\n\`\`\`\n`,
  );
  return `# ${title}: \`${name}\`\n\n[All modules](README.md)\n\n${list}\n\n${parts.join('\n')}`;
}

/** What is called comes before the types that it takes and gives. */
const rank = ({ code }) => (/^(declare )?(function|class|const)/.test(code) ? 0 : 1);

/** The text of a docstring; its tags become paragraphs, its example a block. */
function markdown(doc) {
  const [text, ...tags] = doc.split(/\n?^@/m);
  const lines = tags.map((tag) => {
    const [, word, rest = ''] = /^(\w+)\s*([\s\S]*)$/.exec(tag) ?? [];
    if (word === 'example') return `\`\`\`ts\n${rest.trimEnd()}\n\`\`\``;
    const named = word === 'param' ? rest.replace(/^(\w+)/, '`$1`:') : rest;
    return `*${word}* ${named.replaceAll(/\s*\n\s*/g, ' ').trim()}`;
  });
  const body = [text.trim(), ...lines].filter((part) => part !== '').join('\n\n');
  const linked = body.replaceAll(/\{@link (\w+)\}/g, (_, name) => `[\`${name}\`](#${name.toLowerCase()})`);
  return body === '' ? '' : `${linked}\n\n`;
}

/** Public declarations of a module, those that it passes on among them. */
function exportsOf(file) {
  const text = readFileSync(file, 'utf8');
  const own = declarationsIn(text).filter(({ exported }) => exported);
  const passedOn = [...text.matchAll(/^export (?:type )?\{([^}]*)\} from '([^']+)';/gm)].flatMap(([, names, from]) => {
    const other = declarationsIn(readFileSync(declarationFile(path.join(path.dirname(file), from)), 'utf8'));
    return names
      .split(',')
      .map((name) => name.trim().replace(/^type /, ''))
      .filter((name) => name !== '')
      .map((name) => {
        const found = other.find((one) => one.name === name) ?? passedOnBy(path.join(path.dirname(file), from), name);
        if (!found) throw new Error(`${file} passes on ${name}, which ${from} does not declare`);
        return found;
      });
  });
  return unique([...own, ...passedOn]);
}

function passedOnBy(module, name) {
  return exportsOf(declarationFile(module)).find((one) => one.name === name);
}

function declarationFile(module) {
  const file = module.replace(/\.js$/, '.d.ts').replace(/\.cjs$/, '.d.cts');
  if (!existsSync(file)) throw new Error(`there is no ${file}`);
  return file;
}

/** Overloads and merged declarations stand together, under the docstring that there is. */
function unique(found) {
  const byName = new Map();
  for (const one of found) {
    const known = byName.get(one.name);
    byName.set(one.name, known && known !== one ? { ...known, code: `${known.code}\n${one.code}` } : one);
  }
  return [...byName.values()];
}

const HEAD = /^(export )?(?:declare )?(?:abstract )?(?:function|class|interface|type|const) (\w+)/;

function declarationsIn(text) {
  const lines = text.split('\n');
  const found = [];
  const listed = new Set([...text.matchAll(/^export (?:type )?\{([^}]*)\};/gm)].flatMap(([, names]) => words(names)));
  for (let at = 0; at < lines.length; at += 1) {
    const [, exported, name] = HEAD.exec(lines[at]) ?? [];
    if (name === undefined) continue;
    const end = endOf(lines, at);
    const code = lines
      .slice(at, end + 1)
      .join('\n')
      .replace(/^export (declare )?/, '')
      .replace(/^declare /, '');
    const doc = docBefore(lines, at);
    found.push({ name, exported: exported !== undefined || listed.has(name), doc, code: withoutPrivate(code) });
    at = end;
  }
  return found;
}

const words = (names) => names.split(',').map((name) => name.trim().replace(/^type /, ''));

/** The line on which the declaration that begins at `at` ends: a bracket or a semicolon that is not indented. */
function endOf(lines, at) {
  for (let end = at; end < lines.length; end += 1) {
    const line = lines[end];
    if (end > at && /^\S/.test(line) && /^[})\]]/.test(line) && /[;}]$/.test(line)) return end;
    if (end === at && /[;}]$/.test(line)) return end;
    if (end > at && /^\s.*;$/.test(line) && !lines[at].endsWith('{') && !/[({]$/.test(lines[at])) return end;
  }
  return lines.length - 1;
}

function docBefore(lines, at) {
  if (!/\*\/\s*$/.test(lines[at - 1] ?? '')) return undefined;
  let begin = at - 1;
  while (begin > 0 && !/^\s*\/\*\*/.test(lines[begin])) begin -= 1;
  // The first comment of a file is the file's, unless nothing stands between it and the declaration.
  const body = lines
    .slice(begin, at)
    .join('\n')
    .replace(/^\s*\/\*\*\s?/, '')
    .replace(/\s*\*\/\s*$/, '');
  return body.replaceAll(/^[ \t]*\* ?/gm, '').trim();
}

function withoutPrivate(code) {
  return code
    .split('\n')
    .filter((line) => !/^\s*(#private;|private )/.test(line))
    .join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
  const { pages, undocumented } = apiReference(path.join(root, 'dist'));
  const folder = path.join(root, 'docs/api');
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of pages) writeFileSync(path.join(folder, name), text);
  for (const one of undocumented) console.error(`no docstring: ${one}`);
  if (undocumented.length > 0) process.exitCode = 1;
}
