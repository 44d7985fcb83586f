//! Reading a form in a flow document: what cannot be shown is refused by name.

use serde_json::Value;

use super::{left_out, read, schema};
use crate::document::{Place, Reader, Reading, Terms};
use crate::limits::Limits;

/// Maximum length of a form, in bytes of its JSON text.
const FORM_BYTES_MAX: usize = 16 * 1024;

/// Reads the JSON Schema of a form.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FormReader;

impl Reader for FormReader {
    type Value = Value;

    fn wanted(&self, _: &Limits) -> String {
        "a JSON Schema of an object".to_owned()
    }

    fn schema(&self, _: &Terms) -> Value {
        schema()
    }

    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<Value> {
        let form = match read(value) {
            Ok(form) => form,
            Err(why) => {
                reading.fault(at, format!("this form cannot be shown: {why}"));
                return None;
            }
        };
        for pointer in left_out(value, &form) {
            let name = pointer.rsplit('/').next().unwrap_or_default().to_owned();
            reading.fault_below(at, &pointer, format!("`{name}` is not supported in a form"));
        }
        let bytes = form.to_string().len();
        if bytes > FORM_BYTES_MAX {
            reading.fault(at, format!("this form has {bytes} bytes: {FORM_BYTES_MAX} are allowed"));
        }
        Some(form)
    }
}
