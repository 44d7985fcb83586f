/** The functions, filters and tests of the expression language, as its reference describes them. */
import { texts } from './language-texts';
import type { Name } from './name';

const { functions, types, filters, tests } = texts;

const called = (signature: string, doc: string): Name => {
  const name = /^\w+/.exec(signature)?.[0] ?? signature;
  const hasArguments = signature.includes('(');
  return { name, detail: signature, doc, ...(hasArguments && { insert: `${name}()`, behind: 1 }) };
};

export const FUNCTIONS: readonly Name[] = [
  { name: 'now()', detail: types.date, doc: functions.now },
  { name: 'uuid()', detail: types.text, doc: functions.uuid },
];

export const FILTERS: readonly Name[] = [
  called('default(value)', filters.default),
  called('round(precision)', filters.round),
  called('int', filters.int),
  called('float', filters.float),
  called('bool', filters.bool),
  called('abs', filters.abs),
  called('length', filters.length),
  called('upper', filters.upper),
  called('lower', filters.lower),
  called('title', filters.title),
  called('capitalize', filters.capitalize),
  called('trim', filters.trim),
  called('replace(from, to)', filters.replace),
  called('split(separator)', filters.split),
  called('lines', filters.lines),
  called('join(separator)', filters.join),
  called('string', filters.string),
  called('first', filters.first),
  called('last', filters.last),
  called('count', filters.count),
  called('reverse', filters.reverse),
  called('unique', filters.unique),
  called('list', filters.list),
  called('sort(attribute=)', filters.sort),
  called('sum(attribute=)', filters.sum),
  called('min(attribute=)', filters.min),
  called('max(attribute=)', filters.max),
  called('map(filter)', filters.map),
  called('pluck("name")', filters.pluck),
  called('select(test)', filters.select),
  called('reject(test)', filters.reject),
  called('selectattr(field, test, value)', filters.selectattr),
  called('rejectattr(field, test, value)', filters.rejectattr),
  called('items', filters.items),
  called('dictsort', filters.dictsort),
  called('tojson', filters.tojson),
  called('fromjson', filters.fromjson),
  called('urlencode', filters.urlencode),
  called('b64encode', filters.b64encode),
  called('b64decode', filters.b64decode),
  called('sha256', filters.sha256),
  called('hmac(key)', filters.hmac),
  called('regex_match(pattern)', filters.regex_match),
  called('regex_find(pattern)', filters.regex_find),
  called('regex_replace(pattern, text)', filters.regex_replace),
  called('date', filters.date),
  called('date_add(days=1)', filters.date_add),
  called('date_format("%d.%m.%Y")', filters.date_format),
];

export const TESTS: readonly Name[] = [
  called('defined', tests.defined),
  called('undefined', tests.undefined),
  called('none', tests.none),
  called('number', tests.number),
  called('integer', tests.integer),
  called('float', tests.float),
  called('string', tests.string),
  called('boolean', tests.boolean),
  called('true', tests.true),
  called('false', tests.false),
  called('mapping', tests.mapping),
  called('sequence', tests.sequence),
  called('iterable', tests.iterable),
  called('in(list)', tests.in),
  called('even', tests.even),
  called('odd', tests.odd),
  called('divisibleby(number)', tests.divisibleby),
  called('startingwith(text)', tests.startingwith),
  called('endingwith(text)', tests.endingwith),
  called('eq(value)', tests.eq),
  called('ne(value)', tests.ne),
  called('lt(value)', tests.lt),
  called('le(value)', tests.le),
  called('gt(value)', tests.gt),
  called('ge(value)', tests.ge),
];
