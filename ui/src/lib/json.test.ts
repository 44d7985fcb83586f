import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ExactNumber,
  inOrderOf,
  isNumber,
  isRecord,
  isSameJson,
  type Json,
  jsonText,
  kindOf,
  numberOf,
  parseJson,
  parseJsonOr,
  readNumber,
  withPlainNumbers,
  writeJson,
} from './json';

/** Numbers that JavaScript writes as they are. */
const PLAIN = [
  '0',
  '1',
  '-1',
  '42',
  '0.5',
  '-0.5',
  '19.9',
  '0.1',
  '3.141592653589793',
  '123456789',
  '1732655117123',
  '9007199254740991',
  '-9007199254740991',
  '9007199254740992',
  '100000000000000000000',
  '1e+21',
  '1e-7',
  '1.5e-10',
  '1.7976931348623157e+308',
  '5e-324',
];

/** Numbers that JavaScript would write in another way or round. */
const EXACT = [
  '-0',
  '0.0',
  '-0.0',
  '1.0',
  '19.90',
  '100.00',
  '0.10',
  '1e2',
  '1E2',
  '1E+2',
  '1e+2',
  '1e02',
  '0e0',
  '0E-5',
  '1.50e3',
  '-1.0E-10',
  '9007199254740993',
  '-9007199254740993',
  '1234567890123456789',
  '9223372036854775807',
  '9223372036854775808',
  '18446744073709551615',
  '18446744073709551616',
  '340282366920938463463374607431768211456',
  '0.1000000000000000055511151231257827',
  '3.14159265358979323846264338327950288',
  '0.30000000000000004441',
  '1000000000000000000000',
  '0.0000001',
  '123456.7890123456789012',
  '1e400',
  '-1e400',
  '1e-400',
  '2.2250738585072011e-308',
  '99999999999999999999999999999999.99',
];

describe('a number', () => {
  it.each([...PLAIN, ...EXACT])('%s keeps its text, wherever it is', (text) => {
    const document = `{"a":${text},"list":[${text},[${text}]],"text":"${text}"}`;

    expect(writeJson(parseJson(text))).toBe(text);
    expect(writeJson(parseJson(document))).toBe(document);
    expect(jsonText(parseJson(`[${text}]`))).toBe(`[\n  ${text}\n]`);
    expect(writeJson(readNumber(text))).toBe(text);
  });

  it.each(PLAIN)('%s is a JavaScript number', (text) => {
    expect(parseJson(text)).toBe(Number(text));
  });

  it.each(EXACT)('%s is an exact one', (text) => {
    expect(parseJson(text)).toEqual(new ExactNumber(text));
    expect(String(parseJson(text))).toBe(text);
  });

  it('is read with the spaces around it, and is followed by anything', () => {
    expect(writeJson(parseJson(' [ 1.0 ,\n\t-0\r]'))).toBe('[1.0,-0]');
    expect(writeJson(parseJson('{"a":1.0}'))).toBe('{"a":1.0}');
  });

  it('is read as it is typed', () => {
    expect(readNumber(' 19.90 ')).toEqual(new ExactNumber('19.90'));
    expect([readNumber('.5'), readNumber('007'), readNumber('12')]).toEqual([0.5, 7, 12]);
    expect(['', ' ', 'many', '1 2', '--1', 'Infinity', 'NaN'].map(readNumber)).toEqual(Array(7).fill(null));
  });

  it('can be calculated with', () => {
    expect(numberOf(parseJson('19.90'))).toBe(19.9);
    expect(numberOf(3)).toBe(3);
    expect([numberOf(parseJson('1e400')), numberOf('3'), numberOf(null), numberOf(undefined)]).toEqual(
      Array(4).fill(null),
    );
    expect(withPlainNumbers(parseJson('{"rate":1.0,"all":[0.50,null],"name":"1.0"}'))).toEqual({
      rate: 1,
      all: [0.5, null],
      name: '1.0',
    });
  });
});

describe('a text', () => {
  it.each([
    '""',
    '"\\""',
    '"\\\\"',
    '"\\\\\\""',
    '"1.0"',
    '"a\\\\\\\\"',
    '{"1.0":"-0"}',
    '{"\\"1.0":[1.0,"\\\\",-0]}',
    '"quoted “1.0” \\n"',
    '{"__proto__":1.0,"constructor":-0}',
    '{"__proto__":{"a":19.90}}',
    '{"10":1,"9":"10","b":{"2":0,"1":[{"0":1.0}]},"1":2}',
    '{"b":{"1":1},"4294967295":1,"4294967294":2,"007":3,"1":4}',
  ])('%s keeps what looks like a number inside it', (text) => {
    expect(writeJson(parseJson(text))).toBe(text);
  });

  it.each([
    '',
    ' ',
    '01.50',
    '1.',
    '.5',
    '-',
    '+1',
    '1-2',
    '1.0-2',
    '1e',
    '{1.0:2}',
    '{1.0 :2}',
    '[1.0 2.0]',
    '1.0x',
    'NaN',
    '[1.0,]',
    '"1.0',
    '"\\"',
    '0x1F',
    "'1.0'",
  ])('%s is not JSON', (text) => {
    expect(() => parseJson(text)).toThrow(SyntaxError);
    expect(parseJsonOr(text)).toBeUndefined();
  });

  it('says where it stops being JSON, as the platform does', () => {
    const reason = (parse: (text: string) => unknown) => {
      try {
        return parse('{"a": 19.90, "b": }');
      } catch (error) {
        return String(error);
      }
    };

    expect(reason(parseJson)).toBe(reason(JSON.parse));
  });
});

describe('a value', () => {
  it('has a kind', () => {
    const kinds = ['null', 'true', '1', '1.0', '""', '[]', '{}'].map((text) => kindOf(parseJson(text)));

    expect(kinds).toEqual(['null', 'boolean', 'number', 'number', 'string', 'list', 'object']);
    expect(kindOf(undefined)).toBeNull();
    expect([isRecord(parseJson('1.0')), isRecord({}), isRecord([]), isRecord(null)]).toEqual([
      false,
      true,
      false,
      false,
    ]);
    expect([isNumber(1), isNumber(parseJson('1.0')), isNumber('1')]).toEqual([true, true, false]);
  });

  it('has the keys of its text in their order, and a copy of it its own', () => {
    const value = parseJson('{"2":1,"1":{"b":0,"7":0}}') as Record<string, Json>;

    expect(value).toEqual({ '1': { '7': 0, b: 0 }, '2': 1 });
    expect(jsonText(value)).toBe('{\n  "2": 1,\n  "1": {\n    "b": 0,\n    "7": 0\n  }\n}');
    expect(writeJson({ ...value, '2': 3 })).toBe('{"1":{"b":0,"7":0},"2":3}');
    expect(writeJson(inOrderOf(value, { '1': 4, '2': 5 }))).toBe('{"2":5,"1":4}');
  });

  it('is written on one line or over several', () => {
    expect(writeJson(undefined)).toBe('null');
    expect(writeJson({ a: [1, undefined], b: undefined })).toBe('{"a":[1,null]}');
    expect(jsonText({ a: [1] })).toBe('{\n  "a": [\n    1\n  ]\n}');
  });

  it.each([
    ['1.0', '1.0', true],
    ['1.0', '1', false],
    ['1.0', '1.00', false],
    ['-0', '0', false],
    ['1234567890123456789', '1234567890123456788', false],
    ['{"a":1.0,"b":[2.50]}', '{"b":[2.50],"a":1.0}', true],
    ['{"a":1.0,"b":[2.50]}', '{"b":[2.5],"a":1.0}', false],
    ['[1,2]', '[2,1]', false],
    ['[]', '{}', false],
    ['{"a":null}', '{}', false],
    ['{"a":1}', '{"b":1}', false],
    ['{"constructor":1}', '{}', false],
    ['"1"', '1', false],
    ['null', 'false', false],
  ])('%s and %s are the same: %s', (left, right, expected) => {
    expect(isSameJson(parseJson(left), parseJson(right))).toBe(expected);
    expect(isSameJson(parseJson(right), parseJson(left))).toBe(expected);
  });

  it('ignores keys without a value and the sign of a computed zero', () => {
    expect(isSameJson({ a: undefined, b: -0 }, { b: 0 })).toBe(true);
  });
});

// The texts of any JSON value, written here and not by what is tested.
const digits = fc.stringMatching(/^[0-9]{1,30}$/);
const numberText = fc
  .tuple(
    fc.constantFrom('', '-'),
    fc.oneof(fc.constant('0'), fc.stringMatching(/^[1-9][0-9]{0,30}$/)),
    fc.option(digits, { nil: null }),
    fc.option(fc.tuple(fc.constantFrom('e', 'E'), fc.constantFrom('', '+', '-'), fc.stringMatching(/^[0-9]{1,4}$/)), {
      nil: null,
    }),
  )
  .map(([sign, whole, fraction, exponent]) => {
    return `${sign}${whole}${fraction === null ? '' : `.${fraction}`}${exponent === null ? '' : exponent.join('')}`;
  });
const stringText = fc
  .string({ unit: fc.constantFrom('"', '\\', '/', 'n', 'u', '0', '1', '.', '9', '-', 'e', ':', ',', '{', 'ü', '\n') })
  .map((text) => JSON.stringify(text));
const keyText = fc
  .oneof(fc.stringMatching(/^[0-9a-z"\\.:-]{0,6}$/), fc.stringMatching(/^[0-9]{1,11}$/))
  .map((text) => JSON.stringify(text));
const { jsonValue } = fc.letrec<{ jsonValue: string; list: string; object: string }>((tie) => ({
  jsonValue: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom('null', 'true', 'false'),
    numberText,
    stringText,
    tie('list'),
    tie('object'),
  ),
  list: fc.array(tie('jsonValue'), { maxLength: 5 }).map((items) => `[${items.join(',')}]`),
  object: fc
    .uniqueArray(fc.tuple(keyText, tie('jsonValue')), { maxLength: 5, selector: ([key]) => key })
    .map((entries) => `{${entries.map(([key, value]) => `${key}:${value}`).join(',')}}`),
}));

describe('any JSON', () => {
  it('is written with the text that was read', () => {
    fc.assert(
      fc.property(jsonValue, (text) => {
        expect(writeJson(parseJson(text))).toBe(text);
      }),
      { numRuns: 2_000 },
    );
  });

  it('has the same value over several lines, and is the same as itself', () => {
    fc.assert(
      fc.property(jsonValue, (text) => {
        const value = parseJson(text);
        expect(writeJson(parseJson(jsonText(value)))).toBe(text);
        expect(isSameJson(value, parseJson(text))).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('differs from the platform only in exact numbers', () => {
    fc.assert(
      fc.property(jsonValue, (text) => {
        // The platform also moves the keys that are whole numbers.
        const rounded = JSON.stringify(JSON.parse(text));
        const plain = JSON.stringify(withPlainNumbers(parseJson(text) as Json));
        expect(plain).toBe(rounded);
      }),
      { numRuns: 500 },
    );
  });
});
