/**
 * What is wrong with a blueprint, and where: all of it at once.
 *
 * Every diagnostic has a code of the table below. Codes are stable: scripts and people refer to them. Where Cloudify's
 * parser refuses the same thing, `reference` is the class and number of its error.
 */

type Reference = readonly [errorClass: string, code: number | null];

const FORMAT = 'DSLParsingFormatException';
const LOGIC = 'DSLParsingLogicException';
const BASE = 'DSLParsingException';

const TABLE = {
  // Text
  C2001: ['unreadable YAML', FORMAT, -1],
  C2002: ['not ASCII', 'DSLParsingInputTypeException', 108],
  C2003: ['too much', null, null],
  C2004: ['unreadable YAML', 'ScannerError', null],
  C2005: ['unreadable YAML', 'ReaderError', null],
  C2006: ['unreadable YAML', 'ComposerError', null],
  C2007: ['unreadable YAML', 'ConstructorError', null],
  // Shape
  C2010: ['wrong form', FORMAT, 1],
  C2011: ['wrong value', BASE, 1],
  C2012: ['number out of range', 'ValueError', null],
  C2013: ['feature newer than the version', LOGIC, 102],
  C2014: ['empty section', 'TypeError', null],
  // Version and imports
  C2020: ['no version', LOGIC, 27],
  C2021: ['unknown version', LOGIC, 29],
  C2022: ['import of a newer version', LOGIC, 28],
  C2023: ['import not found', LOGIC, 13],
  C2024: ['imported twice', FORMAT, 2],
  C2025: ['import entry', FORMAT, 220],
  C2026: ['namespace', LOGIC, 212],
  C2027: ['blueprint import without namespace', LOGIC, 213],
  C2028: ['namespace in use', LOGIC, 214],
  C2029: ['section cannot be merged', LOGIC, 3],
  C2030: ['defined twice', LOGIC, 4],
  C2032: ['workflow defined twice', 'TypeError', null],
  C2031: ['plugin properties', LOGIC, 221],
  // Types and values
  C2040: ['dependency cycle', LOGIC, 100],
  C2041: ['unknown type', LOGIC, 103],
  C2042: ['primitive type redefined', LOGIC, 104],
  C2043: ['value does not fit its type', LOGIC, 105],
  C2044: ['undefined property', LOGIC, 106],
  C2045: ['missing property', LOGIC, 107],
  C2046: ['item_type of an unknown kind', LOGIC, 217],
  C2047: ['item_type without a list', LOGIC, 218],
  C2048: ['function in use_external_resource', LOGIC, 219],
  C2049: ['display on a type that has none', 'DSLParsingInputTypeException', 216],
  C2050: ['hidden required input without a default', LOGIC, 215],
  // Node templates
  C2060: ['unknown node type', LOGIC, 7],
  C2061: ['relationship to itself', LOGIC, 23],
  C2062: ['unknown target', LOGIC, 25],
  C2063: ['unknown relationship type', LOGIC, 26],
  C2064: ['several contained_in', LOGIC, 112],
  C2065: ['host agent plugin without a host', LOGIC, 24],
  C2066: ['instance numbers', LOGIC, 207],
  C2067: ['instance number', LOGIC, 208],
  C2068: ['instances and capabilities', LOGIC, 209],
  C2069: ['instance number that is no function', LOGIC, 210],
  C2070: ['lifecycle operation not named', LOGIC, 215],
  C2071: ['target lacks the operation', LOGIC, 216],
  // Operations and plugins
  C2080: ['unknown operation', LOGIC, 10],
  C2081: ['unknown relationship operation', LOGIC, 19],
  C2082: ['unknown workflow operation', LOGIC, 21],
  C2083: ['plugin executor', LOGIC, 18],
  C2084: ['operation executor', LOGIC, 28],
  C2085: ['plugin without a source', LOGIC, 50],
  C2086: ['script given twice', LOGIC, 60],
  C2087: ['no script plugin', LOGIC, 61],
  C2088: ['ambiguous plugin', LOGIC, 91],
  C2089: ['operation of no installed plugin', null, null],
  // Groups and policies
  C2100: ['unknown group member', LOGIC, 40],
  C2101: ['unknown policy type', LOGIC, 41],
  C2102: ['unknown trigger type', LOGIC, 42],
  C2103: ['group cycle', LOGIC, 200],
  C2104: ['member of several groups', LOGIC, 201],
  C2105: ['members not contained together', LOGIC, 202],
  C2106: ['policy type', LOGIC, 204],
  C2107: ['policy target', LOGIC, 205],
  C2108: ['policy without targets', LOGIC, 206],
  C2109: ['group named like a template', LOGIC, 211],
  C2110: ['schedule', 'NonRecoverableError', null],
  // Constraints and functions
  C2120: ['constraint argument', LOGIC, 212],
  C2121: ['constraint', LOGIC, 103],
  C2122: ['constraint on a function', BASE, 213],
  C2130: ['malformed function call', 'ValueError', null],
  C2131: ['invalid function call', 'FunctionValidationError', null],
  C2132: ['function cannot be evaluated', 'FunctionEvaluationError', null],
  C2133: ['unknown input', 'UnknownInputError', null],
  C2134: ['unknown node in a function', 'KeyError', null],
  C2135: ['unknown system property', 'UnknownSysPropertyError', null],
  C2136: ['unknown system entity', 'UnknownSysEntityError', null],
  C2137: ['functions in a circle', 'EvaluationRecursionLimitReached', null],
  C2138: ['part of an input', 'InputEvaluationError', null],
  // Inputs and deployment
  C3001: ['missing input', 'MissingRequiredInputError', null],
  C3002: ['unknown input', 'UnknownInputError', null],
  C3003: ['input does not fit its type', BASE, 214],
  C3004: ['constraint not met', 'ConstraintException', null],
  C3005: ['connection type', 'IllegalConnectedToConnectionType', null],
  C3006: ['relationship of no known kind', 'UnsupportedRelationship', null],
  C3007: ['all_to_one within a scaling group', 'UnsupportedAllToOneInGroup', null],
  C3008: ['secret does not exist', 'UnknownSecretError', null],
  C3009: ['secret where none can be', 'UnsupportedGetSecretError', null],
} as const satisfies Record<string, readonly [title: string, errorClass: string | null, code: number | null]>;

export type DiagnosticCode = keyof typeof TABLE;

/** A place in a source. */
export interface Place {
  /** Path or URL. */
  readonly file: string;
  /** In UTF-16 code units from the beginning. */
  readonly offset: number;
}

/** A mistake of a blueprint's author: a code, what is wrong, where, and what to do. */
export interface Diagnostic {
  readonly code: DiagnosticCode;
  /** A word or two: the kind of problem. */
  readonly title: string;
  readonly message: string;
  readonly source?: SourcePosition;
  /** What to do about it. */
  readonly hint?: string;
  readonly reference?: { readonly class: string; readonly code: number | null };
}

/** A place in a source: lines and columns begin at 1. */
export interface SourcePosition {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
}

/** A diagnostic whose place has not been turned into line and column yet. */
export interface Problem {
  readonly code: DiagnosticCode;
  readonly message: string;
  readonly place?: Place | undefined;
  readonly hint?: string | undefined;
  /** Overrides the table's class, where one code stands for several of Cloudify's. */
  readonly reference?: Reference | undefined;
}

/** Notes a problem and goes on. */
export type Report = (code: DiagnosticCode, message: string, place?: Place, hint?: string) => void;

export function diagnosticOf(
  problem: Problem,
  positionOf: (place: Place) => SourcePosition | undefined = () => undefined,
): Diagnostic {
  const [title, errorClass, code] = TABLE[problem.code];
  const [ownClass, ownCode] = problem.reference ?? [errorClass, code];
  const source = problem.place && positionOf(problem.place);
  return {
    code: problem.code,
    title,
    message: problem.message,
    ...(source ? { source } : {}),
    ...(problem.hint === undefined ? {} : { hint: problem.hint }),
    ...(ownClass === null ? {} : { reference: { class: ownClass, code: ownCode } }),
  };
}

export interface DiagnosticStyle {
  /** How a file is called, e.g. as seen from the folder that one is in. @default as it is */
  readonly fileName?: (file: string) => string;
  /** Colours of the parts. @default none */
  readonly error?: (text: string) => string;
  readonly help?: (text: string) => string;
  readonly faint?: (text: string) => string;
}

const asItIs = (text: string): string => text;
const LONGEST_LINE = 160;

/** One diagnostic as people read it: what, where, the line with a caret under the place, what to do. */
export function renderDiagnostic(diagnostic: Diagnostic, text?: string, style: DiagnosticStyle = {}): string {
  const { code, message, source, hint } = diagnostic;
  const { fileName = asItIs, error = asItIs, help = asItIs, faint = asItIs } = style;
  const lines = [`${error(`error[${code}]:`)} ${message}`];
  if (source) lines.push(`  ${faint('-->')} ${fileName(source.file)}:${source.line}:${source.column}`);
  const line = source && text?.split(/\r?\n/, source.line)[source.line - 1];
  if (source && line !== undefined) {
    const number = String(source.line);
    // Of a line without end, what is around the place.
    const from = Math.max(0, source.column - 1 - LONGEST_LINE / 2);
    const shown = line.slice(from, from + LONGEST_LINE).replaceAll('\t', ' ');
    lines.push(
      `  ${faint(`${number} |`)} ${shown}`,
      `  ${faint(`${' '.repeat(number.length)} |`)} ${' '.repeat(source.column - 1 - from)}${error('^')}`,
    );
  }
  if (hint !== undefined) lines.push(`  ${help('help:')} ${hint}`);
  return lines.join('\n');
}
