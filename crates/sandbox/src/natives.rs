//! Objects that have a content which their keys do not show: maps, bytes, boxed values.
//!
//! Each is told by a function that works on nothing else, taken before code of a person could replace it. What such an object
//! calls itself says nothing.

use rquickjs::function::This;
use rquickjs::{Ctx, Error, Function, Object, String as Text, Value};

/// A function for each kind, which throws or returns nothing unless `this` is of it.
const TELLERS: &str = r"(function () {
  'use strict';
  const getter = (of, key) => Object.getOwnPropertyDescriptor(of, key).get;
  const boxes = [String, Number, Boolean, BigInt, Symbol];
  return [
    getter(Map.prototype, 'size'), getter(Set.prototype, 'size'), WeakMap.prototype.has, WeakSet.prototype.has,
    getter(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag),
    getter(ArrayBuffer.prototype, 'byteLength'), getter(DataView.prototype, 'byteLength'),
    getter(RegExp.prototype, 'source'), Date.prototype.getTime,
    ...boxes.map((box) => box.prototype.valueOf),
  ];
})()";

/// Tells such objects, and how long a text is.
pub(crate) struct Natives<'js> {
    tellers: Vec<Function<'js>>,
    length: Function<'js>,
}

impl<'js> Natives<'js> {
    /// Returns what tells them; before code of a person runs.
    pub(crate) fn new(ctx: &Ctx<'js>) -> Result<Self, Error> {
        Ok(Self { tellers: ctx.eval(TELLERS)?, length: ctx.eval("(text) => text.length")? })
    }

    /// Returns whether an object is such a one.
    pub(crate) fn has(&self, object: &Object<'js>) -> bool {
        self.tellers.iter().any(|teller| match teller.call::<_, Value<'js>>((This(object.clone()),)) {
            Ok(told) => !told.is_undefined(),
            Err(_) => {
                // What was thrown would be found by the next one who looks.
                drop(object.ctx().catch());
                false
            }
        })
    }

    /// Returns the length of a text, in units of UTF-16, without a copy of it.
    pub(crate) fn units(&self, text: &Text<'js>) -> Result<f64, Error> {
        self.length.call((text.clone(),))
    }
}
