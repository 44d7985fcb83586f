//! The schemas of values that have one of several shapes, each with a name of its own.

use utoipa::openapi::schema::{Discriminator, OneOf, Schema};
use utoipa::openapi::{Ref, RefOr};

/// The shapes of a value, one of which it has. One property, the tag, says which.
pub(crate) struct Choice {
    tag: &'static str,
    /// With the value of the tag and the name of the schema.
    shapes: Vec<(String, String, Schema)>,
}

impl Choice {
    /// Takes the shapes from the schema of an enum whose variants are distinguished by `tag`. `name` makes the name of a
    /// schema from the value of its tag in camel case.
    pub(crate) fn new(derived: RefOr<Schema>, tag: &'static str, name: fn(&str) -> String) -> Self {
        let RefOr::T(Schema::OneOf(OneOf { items, .. })) = derived else {
            panic!("the schema of an enum with a tag is a choice");
        };
        let shapes = items.into_iter().map(|item| {
            let RefOr::T(shape) = item else { panic!("a shape with a tag is described in place") };
            let value = tag_of(&shape, tag);
            let name = name(&camel(&value));
            (value, name, shape)
        });
        Self { tag, shapes: shapes.collect() }
    }

    /// Adds a property that every shape has, as its first.
    pub(crate) fn with(mut self, property: &str, schema: RefOr<Schema>) -> Self {
        for (_, _, shape) in &mut self.shapes {
            let Schema::Object(shape) = shape else { panic!("a shape with further properties is an object") };
            shape.properties.insert(property.to_owned(), schema.clone());
            shape.required.push(property.to_owned());
        }
        self
    }

    /// Returns the schema of the value, which refers to the shapes.
    pub(crate) fn one_of(self, description: &str) -> RefOr<Schema> {
        let mut discriminator = Discriminator::new(self.tag);
        let mut one_of = OneOf::new();
        for (value, name, _) in self.shapes {
            let shape = Ref::from_schema_name(name);
            discriminator.mapping.insert(value, shape.ref_location.clone());
            one_of.items.push(shape.into());
        }
        one_of.discriminator = Some(discriminator);
        one_of.description = Some(description.to_owned());
        Schema::OneOf(one_of).into()
    }

    /// Returns the schemas of the shapes, by name.
    pub(crate) fn shapes(self) -> impl Iterator<Item = (String, RefOr<Schema>)> {
        self.shapes.into_iter().map(|(_, name, shape)| (name, shape.into()))
    }
}

/// Returns the only value that `tag` has in `shape`.
fn tag_of(shape: &Schema, tag: &str) -> String {
    let Schema::Object(object) = shape else { panic!("a shape with a tag is an object") };
    let Some(RefOr::T(Schema::Object(tag))) = object.properties.get(tag) else {
        panic!("a shape has its tag as a property");
    };
    let value = tag.enum_values.as_ref().and_then(|values| values.first()?.as_str());
    value.expect("a tag has one value").to_owned()
}

/// Returns `snake_case` as `CamelCase`.
fn camel(name: &str) -> String {
    let words = name.split('_').map(|word| {
        let mut letters = word.chars();
        letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    });
    words.collect()
}
