/**
 * Plain YAML 1.1 scalars, as Cloudify's YAML library reads them. It differs from other readings of YAML 1.1: `y` and
 * `n` are text, `1e3` is text (a float needs a dot and a signed exponent), `1:30` is ninety.
 */

import { DateScalar, type OddScalar, WholeFloat } from '../json.js';

export type Scalar = null | boolean | number | string | OddScalar;

const TRUE = /^(?:yes|Yes|YES|true|True|TRUE|on|On|ON)$/;
const FALSE = /^(?:no|No|NO|false|False|FALSE|off|Off|OFF)$/;
const NULL = /^(?:null|Null|NULL)$/;
const IS_SPECIAL = new Uint8Array(128);
for (const character of '-+.0123456789yYnNtTfFoO') IS_SPECIAL[character.charCodeAt(0)] = 1;
const BINARY = /^[-+]?0b[01_]+$/;
const OCTAL = /^[-+]?0[0-7_]+$/;
const HEXADECIMAL = /^[-+]?0x[0-9a-fA-F_]+$/;
const DECIMAL = /^[-+]?(?:0|[1-9][0-9_]*)$/;
const SEXAGESIMAL = /^[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+$/;
const FLOAT = /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?)$/;
const SEXAGESIMAL_FLOAT = /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*$/;
const INFINITE = /^[-+]?\.(?:inf|Inf|INF)$/;
const NOT_A_NUMBER = /^\.(?:nan|NaN|NAN)$/;
const TIMESTAMP =
  /^(?:\d{4}-\d{2}-\d{2}|\d{4}-\d{1,2}-\d{1,2}(?:[Tt]|[ \t]+)\d{1,2}:\d{2}:\d{2}(?:\.\d*)?(?:[ \t]*(?:Z|[-+]\d{1,2}(?::\d{2})?))?)$/;

export function plainScalar(text: string): Scalar {
  if (text === '' || text === '~') return null;
  // Most scalars are names: one look at the first character settles it.
  const first = text.charCodeAt(0);
  if (first > 126 || IS_SPECIAL[first] === 0) return text;
  if (NULL.test(text)) return null;
  if (TRUE.test(text)) return true;
  if (FALSE.test(text)) return false;
  return numberOf(text) ?? (TIMESTAMP.test(text) ? new DateScalar() : text);
}

export function numberOf(text: string): number | WholeFloat | undefined {
  const sign = text.startsWith('-') ? -1 : 1;
  const digits = text.replace(/^[-+]/, '').replaceAll('_', '');
  if (DECIMAL.test(text)) return sign * Number(digits);
  if (BINARY.test(text)) return sign * Number.parseInt(digits.slice(2), 2);
  if (OCTAL.test(text)) return sign * Number.parseInt(digits, 8);
  if (HEXADECIMAL.test(text)) return sign * Number.parseInt(digits.slice(2), 16);
  if (FLOAT.test(text)) return float(sign * Number(digits));
  if (SEXAGESIMAL.test(text)) return sign * inSixties(digits);
  if (SEXAGESIMAL_FLOAT.test(text)) return float(sign * inSixties(digits));
  if (INFINITE.test(text)) return sign * Number.POSITIVE_INFINITY;
  return NOT_A_NUMBER.test(text) ? Number.NaN : undefined;
}

const float = (value: number): number | WholeFloat => (Number.isInteger(value) ? new WholeFloat(value) : value);

const inSixties = (digits: string): number => digits.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
