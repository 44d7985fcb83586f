/** The functions, filters and tests of the expression language, as its reference describes them. */
import type { Name } from './name';

const called = (signature: string, doc: string): Name => {
  const name = /^\w+/.exec(signature)?.[0] ?? signature;
  const hasArguments = signature.includes('(');
  return { name, detail: signature, doc, ...(hasArguments && { insert: `${name}()`, behind: 1 }) };
};

export const FUNCTIONS: readonly Name[] = [
  { name: 'now()', detail: 'date', doc: 'When the first attempt of the node began; the same in all its attempts.' },
  { name: 'uuid()', detail: 'text', doc: 'A UUID that is the same in all attempts of the node.' },
];

export const FILTERS: readonly Name[] = [
  called('default(value)', 'The value in place of a missing field.'),
  called('round(precision)', 'The number, rounded.'),
  called('int', 'The whole number that a text says.'),
  called('float', 'The number that a text says.'),
  called('bool', 'true or false, from a text.'),
  called('abs', 'The number without its sign.'),
  called('length', 'The number of entries, or of characters.'),
  called('upper', 'In capital letters.'),
  called('lower', 'In small letters.'),
  called('title', 'Each word with a capital letter.'),
  called('capitalize', 'The first letter as a capital.'),
  called('trim', 'Without spaces around it.'),
  called('replace(from, to)', 'The text with each `from` replaced.'),
  called('split(separator)', 'A list of the parts of a text.'),
  called('lines', 'A list of the lines of a text.'),
  called('join(separator)', 'The entries as one text.'),
  called('string', 'As text.'),
  called('first', 'The first entry.'),
  called('last', 'The last entry.'),
  called('count', 'The number of entries.'),
  called('reverse', 'In the opposite order.'),
  called('unique', 'Each entry once.'),
  called('list', 'As a list.'),
  called('sort(attribute=)', 'In order, of the entries or of a field of each.'),
  called('sum(attribute=)', 'The sum of the entries or of a field of each.'),
  called('min(attribute=)', 'The least entry.'),
  called('max(attribute=)', 'The largest entry.'),
  called('map(filter)', 'What a filter makes of each entry; `attribute=` takes a field of each.'),
  called('pluck("name")', 'That field of each entry; of several names, an object of them.'),
  called('select(test)', 'The entries for which a test holds.'),
  called('reject(test)', 'The entries for which a test does not hold.'),
  called('selectattr(field, test, value)', 'The entries for whose field a test holds.'),
  called('rejectattr(field, test, value)', 'The entries for whose field a test does not hold.'),
  called('items', 'The fields of an object as pairs.'),
  called('dictsort', 'The fields of an object as pairs, in order.'),
  called('tojson', 'The JSON text of a value.'),
  called('fromjson', 'The value that a JSON text says.'),
  called('urlencode', 'As one segment or query value of a URL.'),
  called('b64encode', 'Base64 of a text.'),
  called('b64decode', 'The text that Base64 says.'),
  called('sha256', 'SHA-256 as hexadecimal digits.'),
  called('hmac(key)', 'HMAC-SHA256 as hexadecimal digits.'),
  called('regex_match(pattern)', 'Whether the pattern is found anywhere.'),
  called('regex_find(pattern)', 'What is found first, or null.'),
  called('regex_replace(pattern, text)', 'All matches replaced; `$1` is a group.'),
  called('date', 'A date, from text or from seconds since 1970.'),
  called('date_add(days=1)', 'A later or earlier date.'),
  called('date_format("%d.%m.%Y")', 'A date as text.'),
];

const test = (signature: string, doc: string): Name => called(signature, doc);

export const TESTS: readonly Name[] = [
  test('defined', 'There is such a field.'),
  test('undefined', 'There is no such field.'),
  test('none', 'It is null.'),
  test('number', 'It is a number.'),
  test('integer', 'It is a whole number.'),
  test('float', 'It is a number with a fraction.'),
  test('string', 'It is a text.'),
  test('boolean', 'It is true or false.'),
  test('true', 'It is true.'),
  test('false', 'It is false.'),
  test('mapping', 'It is an object.'),
  test('sequence', 'It is a list.'),
  test('iterable', 'It has entries.'),
  test('in(list)', 'It is one of the entries.'),
  test('even', 'It is an even number.'),
  test('odd', 'It is an odd number.'),
  test('divisibleby(number)', 'It can be divided by the number.'),
  test('startingwith(text)', 'It begins with the text.'),
  test('endingwith(text)', 'It ends with the text.'),
  test('eq(value)', 'It equals the value.'),
  test('ne(value)', 'It does not equal the value.'),
  test('lt(value)', 'It is less.'),
  test('le(value)', 'It is less or equal.'),
  test('gt(value)', 'It is more.'),
  test('ge(value)', 'It is more or equal.'),
];
