//! Values of JavaScript as JSON text. What JSON does not have fails by name, where `JSON.stringify` would lose it.

use rquickjs::object::Filter;
use rquickjs::{Coerced, Ctx, FromJs, Function, Object, String as Text, Type, Value};

use crate::natives::Natives;
use crate::place::Place;
use crate::{Failure, Why};

/// Writes one value.
pub(crate) struct Writer<'js> {
    ctx: Ctx<'js>,
    /// `Object.prototype`, whose objects may be empty.
    plain: Object<'js>,
    natives: Natives<'js>,
    text: String,
    bytes_max: usize,
    place: Place,
}

/// Why a value is not written.
pub(crate) enum Unwritten {
    /// It is not JSON, or too large.
    Refused(Failure),
    /// Code of the value threw an error.
    Threw(rquickjs::Error),
}

impl From<rquickjs::Error> for Unwritten {
    fn from(error: rquickjs::Error) -> Self {
        Self::Threw(error)
    }
}

impl<'js> Writer<'js> {
    pub(crate) fn new(plain: Object<'js>, natives: Natives<'js>, bytes_max: usize) -> Self {
        Self {
            ctx: plain.ctx().clone(),
            plain,
            natives,
            text: String::new(),
            bytes_max,
            place: Place::default(),
        }
    }

    /// Returns the text of `value`.
    pub(crate) fn write(mut self, value: Value<'js>) -> Result<String, Unwritten> {
        if value.is_undefined() {
            let message = "The code returned nothing. Return a value, `null` if there is none.";
            return Err(Unwritten::Refused(Failure::new(Why::NotJson, message)));
        }
        self.value(value)?;
        Ok(self.text)
    }

    fn value(&mut self, value: Value<'js>) -> Result<(), Unwritten> {
        let value = self.replaced(value)?;
        match value.type_of() {
            Type::Null => self.add("null"),
            Type::Bool => self.add(if value.as_bool() == Some(true) { "true" } else { "false" }),
            Type::Int | Type::Float => self.number(&value),
            Type::BigInt => {
                let Coerced(digits) = Coerced::<String>::from_js(&self.ctx, value)?;
                self.add(&digits)
            }
            Type::String => {
                let quoted = self.quoted(value.as_string())?;
                self.add(&quoted)
            }
            Type::Undefined | Type::Uninitialized => Err(self.refused("undefined")),
            Type::Symbol => Err(self.refused("a symbol")),
            Type::Function | Type::Constructor => Err(self.refused("a function")),
            Type::Promise => Err(self.refused("a promise; use `await`")),
            Type::Proxy => Err(self.refused("a proxy")),
            Type::Array => self.array(value),
            Type::Object => self.object(value),
            Type::Exception | Type::Module | Type::Unknown => {
                Err(self.refused(&value.as_object().map_or_else(|| value.type_name().to_owned(), kind_of)))
            }
        }
    }

    /// Calls `toJSON`, as `JSON.stringify` does: times have it.
    fn replaced(&self, value: Value<'js>) -> Result<Value<'js>, Unwritten> {
        let Some(object) = value.as_object() else { return Ok(value) };
        let replace: Value<'js> = object.get("toJSON")?;
        let Some(replace) = replace.into_function() else { return Ok(value) };
        Ok(replace.call((rquickjs::function::This(value),))?)
    }

    fn number(&mut self, value: &Value<'js>) -> Result<(), Unwritten> {
        match value.as_number() {
            Some(number) if number.is_finite() => {
                let Coerced(text) = Coerced::<String>::from_js(&self.ctx, value.clone())?;
                self.add(&text)
            }
            Some(number) if number.is_nan() => Err(self.refused("NaN")),
            _ => Err(self.refused("Infinity")),
        }
    }

    fn array(&mut self, value: Value<'js>) -> Result<(), Unwritten> {
        let Some(array) = value.as_object() else { return Err(self.refused("no array")) };
        let Coerced(length) = array.get::<_, Coerced<f64>>("length")?;
        self.add("[")?;
        let mut index = 0_u32;
        while f64::from(index) < length {
            if index > 0 {
                self.add(",")?;
            }
            self.enter(index.to_string())?;
            self.value(array.get(index)?)?;
            self.place.leave();
            index += 1;
        }
        self.add("]")
    }

    fn object(&mut self, value: Value<'js>) -> Result<(), Unwritten> {
        let Some(object) = value.as_object() else { return Err(self.refused(value.type_name())) };
        let is_plain = object.get_prototype().is_none_or(|prototype| prototype == self.plain);
        if !is_plain && self.natives.has(object) {
            return Err(self.refused(&kind_of(object)));
        }
        let keys = object.own_keys::<Text<'js>>(Filter::new().string().enum_only());
        let keys: Vec<Text<'js>> = keys.collect::<Result<_, _>>()?;
        if keys.is_empty() && !is_plain {
            return Err(self.refused(&kind_of(object)));
        }
        // Its prototype may have been replaced.
        if keys.is_empty() && self.natives.has(object) {
            return Err(self.refused("an object whose content has no keys, such as a map"));
        }
        self.add("{")?;
        let mut is_first = true;
        for key in keys {
            let quoted = self.quoted(Some(&key))?;
            let member: Value<'js> = object.get(key.clone())?;
            if member.is_undefined() {
                continue;
            }
            if !std::mem::take(&mut is_first) {
                self.add(",")?;
            }
            self.add(&quoted)?;
            self.add(":")?;
            self.enter(key.to_string()?)?;
            self.value(member)?;
            self.place.leave();
        }
        self.add("}")
    }

    fn enter(&mut self, token: String) -> Result<(), Unwritten> {
        if self.place.enter(token) { Ok(()) } else { Err(self.too_deep()) }
    }

    fn quoted(&self, text: Option<&Text<'js>>) -> Result<String, Unwritten> {
        let Some(text) = text else { return Err(self.refused("no text")) };
        // Each of its units is a byte at least. A longer text is not copied: there may be no memory for that.
        if self.natives.units(text)? > self.bytes_max as f64 {
            return Err(self.too_large());
        }
        let text = match text.to_string() {
            Ok(text) => text,
            Err(rquickjs::Error::Utf8(_)) => {
                return Err(self.refused("a text with half of a character (a lone surrogate)"));
            }
            Err(error) => return Err(error.into()),
        };
        serde_json::to_string(&text).map_err(|_| self.refused("no text"))
    }

    fn add(&mut self, text: &str) -> Result<(), Unwritten> {
        self.text.push_str(text);
        if self.text.len() <= self.bytes_max {
            return Ok(());
        }
        Err(self.too_large())
    }

    fn too_large(&self) -> Unwritten {
        let bytes_max = self.bytes_max;
        let message =
            format!("The output has more than {bytes_max} bytes, which is the most a node may return.");
        Unwritten::Refused(Failure::new(Why::TooLarge, message))
    }

    fn refused(&self, what: &str) -> Unwritten {
        let place = self.place.said("What the code returned");
        Unwritten::Refused(Failure::new(Why::NotJson, format!("{place} is {what}, which is not JSON.")))
    }

    fn too_deep(&self) -> Unwritten {
        let message = "What the code returned is nested more than 127 levels deep, or contains itself.";
        Unwritten::Refused(Failure::new(Why::NotJson, message))
    }
}

/// Names an object that is none of the plain ones.
fn kind_of(object: &Object<'_>) -> String {
    let constructor = object.get::<_, Function<'_>>("constructor");
    let name = constructor.and_then(|constructor| constructor.get::<_, String>("name"));
    let name: String = name.unwrap_or_default().chars().take(60).collect();
    if name.is_empty() { "an object of its own kind".to_owned() } else { format!("an instance of `{name}`") }
}
