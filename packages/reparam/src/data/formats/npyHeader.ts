import { ReparamError } from '@reparam/tensor';

export interface NpyHeader {
  readonly descr: string;
  readonly fortranOrder: boolean;
  readonly shape: readonly number[];
}

/**
 * Reads the header of an npy file, a Python literal such as `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`:
 * exactly these three keys, in any order, and nothing else. It is read character by character, never evaluated.
 */
export function parseNpyHeader(text: string, at: string): NpyHeader {
  let i = 0;
  const fail = (expected: string): never => {
    throw new ReparamError('data', 'npy header is not understood', {
      got: JSON.stringify(text.slice(i, i + 24)),
      expected,
      at: `${at}, header character ${i}`,
    });
  };
  const peek = () => {
    while (text[i] === ' ' || text[i] === '\n') i++;
    return text[i];
  };
  const eat = (wanted: string) => {
    if (peek() !== wanted) fail(`"${wanted}"`);
    i++;
  };
  const match = (pattern: RegExp, expected: string): string => {
    peek();
    pattern.lastIndex = i;
    const found = pattern.exec(text)?.[0] ?? fail(expected);
    i += found.length;
    return found;
  };
  const quoted = () => match(/'[^'\\]{0,32}'|"[^"\\]{0,32}"/y, 'a quoted word').slice(1, -1);
  const shape = () => {
    const axes: number[] = [];
    eat('(');
    while (peek() !== ')') {
      if (axes.length >= 32) fail('at most 32 axes');
      axes.push(Number.parseInt(match(/\d{1,15}L?/y, 'an axis length'), 10));
      if (peek() === ',') i++;
      else break;
    }
    eat(')');
    return axes;
  };
  const found: { descr?: string; fortranOrder?: boolean; shape?: number[] } = {};
  eat('{');
  while (peek() !== '}') {
    const key = quoted();
    eat(':');
    if (key === 'descr' && found.descr === undefined) {
      if (peek() === '[') fail('one element type; a structured array must be saved a field at a time');
      found.descr = quoted();
    } else if (key === 'fortran_order' && found.fortranOrder === undefined) {
      found.fortranOrder = match(/True|False/y, 'True or False') === 'True';
    } else if (key === 'shape' && found.shape === undefined) found.shape = shape();
    else fail('the keys descr, fortran_order and shape, each once');
    if (peek() === ',') i++;
    else break;
  }
  eat('}');
  if (peek() !== undefined) fail('the end of the header');
  const { descr, fortranOrder, shape: axes } = found;
  if (descr === undefined || fortranOrder === undefined || axes === undefined) {
    return fail('the keys descr, fortran_order and shape');
  }
  return { descr, fortranOrder, shape: axes };
}
