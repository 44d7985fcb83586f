// Takes away what has no answer here, or not the same one twice. It is no part of the confinement.
(function () {
  'use strict';
  const construct = Reflect.construct;
  const missing = (name, why) =>
    function () {
      throw new TypeError(`${name} cannot be used: ${why}`);
    };

  const noCode = 'code cannot make code out of text';
  globalThis.eval = missing('eval', noCode);
  for (const made of [function () {}, function* () {}, async function () {}, async function* () {}]) {
    const prototype = Object.getPrototypeOf(made);
    const constructor = missing('Function', noCode);
    constructor.prototype = prototype;
    Object.defineProperty(prototype, 'constructor', { value: constructor });
    if (made instanceof constructor && prototype === Object.getPrototypeOf(missing)) globalThis.Function = constructor;
  }

  Math.random = missing('Math.random', 'the same input has to give the same output. Pass what should differ in the input');

  const noClock = 'code has no clock, so that the same input gives the same output. Pass the time in the input';
  const RealDate = Date;
  const noNow = missing('The current time', noClock);
  function SteadyDate(...parts) {
    if (!new.target || parts.length === 0) noNow();
    return construct(RealDate, parts, new.target);
  }
  SteadyDate.prototype = RealDate.prototype;
  Object.defineProperty(RealDate.prototype, 'constructor', { value: SteadyDate });
  Object.defineProperty(SteadyDate, 'name', { value: 'Date' });
  for (const name of ['UTC', 'parse']) {
    Object.defineProperty(SteadyDate, name, { value: RealDate[name], writable: true, configurable: true });
  }
  Object.defineProperty(SteadyDate, 'now', { value: noNow, writable: true, configurable: true });
  globalThis.Date = SteadyDate;

  for (const name of ['Atomics', 'SharedArrayBuffer', 'WeakRef', 'FinalizationRegistry', 'performance']) {
    delete globalThis[name];
  }
  // The time zone is read once, while that is possible.
  return new RealDate(0).getTimezoneOffset();
})();
