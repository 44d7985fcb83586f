//! Expressions of other languages: the part of JavaScript and of JSONata that means the same here.
//!
//! Paths, literals, comparisons, arithmetic of numbers, text put together, and a choice with a condition. What depends on the kind of a
//! value that is not known, such as `+` in JavaScript, is not translated. The result is an expression in the language of documents.

mod tokens;

use serde_json::{Number, Value};

use crate::data::Step;
use crate::text::{is_field, quoted};
use tokens::{Token, tokens};

/// How deep an expression may be nested.
const DEPTH_MAX: usize = 24;

/// The language of an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    JavaScript,
    Jsonata,
}

/// What is known about the value of an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sort {
    Bool,
    Text,
    Number,
    Any,
}

/// A translated expression.
#[derive(Clone, Debug)]
pub(crate) struct Made {
    pub(crate) text: String,
    pub(crate) sort: Sort,
    /// Its value, where it is a literal.
    pub(crate) literal: Option<Value>,
}

impl Made {
    pub(crate) fn new(text: impl Into<String>, sort: Sort) -> Self {
        Self { text: text.into(), sort, literal: None }
    }

    pub(crate) fn literal(value: Value) -> Result<Self, String> {
        let (text, sort) = match &value {
            Value::Null => ("none".to_owned(), Sort::Any),
            Value::Bool(value) => (value.to_string(), Sort::Bool),
            Value::Number(number) if number.to_string().len() > 18 => {
                return Err("a number has too many digits".into());
            }
            Value::Number(number) => (number.to_string(), Sort::Number),
            Value::String(text) => (
                quoted(text).ok_or("a text has characters that one in an expression cannot have")?,
                Sort::Text,
            ),
            Value::Array(_) | Value::Object(_) => return Err("a list or an object is no literal".into()),
        };
        Ok(Self { text, sort, literal: Some(value) })
    }
}

/// What follows a name.
#[derive(Clone, Debug)]
pub(crate) enum Tail {
    Step(Step),
    Call(Vec<Made>),
}

/// What the names of a source stand for.
pub(crate) trait Roots {
    /// Returns the expression of a name and what follows it.
    fn read(&self, root: &str, tail: &[Tail]) -> Result<Made, String>;
}

/// Returns the steps of a path, or why what follows a name is none.
pub(crate) fn steps(tail: &[Tail]) -> Result<Vec<Step>, String> {
    let step = |part: &Tail| match part {
        Tail::Step(step) => Ok(step.clone()),
        Tail::Call(_) => Err("it calls a function that has no equivalent here".to_owned()),
    };
    tail.iter().map(step).collect()
}

/// Translates `source`.
///
/// # Errors
/// Why it has no equivalent.
pub(crate) fn translate(source: &str, dialect: Dialect, roots: &dyn Roots) -> Result<Made, String> {
    let tokens = tokens(source)?;
    let mut reader = Reader { tokens: &tokens, at: 0, dialect, roots, depth: 0 };
    let made = reader.choice()?;
    match reader.peek() {
        None => Ok(made),
        Some(token) => Err(format!("`{}` has no equivalent here", token.shown())),
    }
}

struct Reader<'r> {
    tokens: &'r [Token],
    at: usize,
    dialect: Dialect,
    roots: &'r dyn Roots,
    depth: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Result<Token, String> {
        let token = self.peek().cloned().ok_or("it ends too early")?;
        self.at += 1;
        Ok(token)
    }

    fn takes(&mut self, sign: &str) -> bool {
        let is_there = matches!(self.peek(), Some(Token::Sign(known)) if *known == sign);
        self.at += usize::from(is_there);
        is_there
    }

    fn takes_word(&mut self, word: &str) -> bool {
        let is_there = self.dialect == Dialect::Jsonata
            && matches!(self.peek(), Some(Token::Name(name)) if name == word);
        self.at += usize::from(is_there);
        is_there
    }

    fn needs(&mut self, sign: &'static str) -> Result<(), String> {
        if self.takes(sign) { Ok(()) } else { Err(format!("`{sign}` is missing")) }
    }

    fn choice(&mut self) -> Result<Made, String> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err("it is nested too deep".into());
        }
        let when = self.either()?;
        let made = if self.takes("?") {
            if when.sort != Sort::Bool {
                return Err("it chooses by a value that is not true or false".into());
            }
            let yes = self.choice()?;
            self.needs(":")?;
            let no = self.choice()?;
            let sort = if yes.sort == no.sort { yes.sort } else { Sort::Any };
            Made::new(format!("({} if {} else {})", yes.text, when.text, no.text), sort)
        } else {
            when
        };
        self.depth -= 1;
        Ok(made)
    }

    fn either(&mut self) -> Result<Made, String> {
        let mut left = self.both()?;
        while self.takes("||") || self.takes_word("or") {
            left = logical(&left, "or", &self.both()?)?;
        }
        Ok(left)
    }

    fn both(&mut self) -> Result<Made, String> {
        let mut left = self.comparison()?;
        while self.takes("&&") || self.takes_word("and") {
            left = logical(&left, "and", &self.comparison()?)?;
        }
        Ok(left)
    }

    fn comparison(&mut self) -> Result<Made, String> {
        let left = self.sum()?;
        let Some(Token::Sign(sign)) = self.peek() else { return Ok(left) };
        let sign = *sign;
        let strict = matches!(
            (self.dialect, sign),
            (Dialect::JavaScript, "===" | "!==") | (Dialect::Jsonata, "=" | "!=")
        );
        let loose = self.dialect == Dialect::JavaScript && matches!(sign, "==" | "!=");
        let order = matches!(sign, "<" | "<=" | ">" | ">=");
        if !strict && !loose && !order {
            return Ok(left);
        }
        self.at += 1;
        let right = self.sum()?;
        if loose
            && !(is_sure(&left) || is_sure(&right) || (left.sort == right.sort && left.sort != Sort::Any))
        {
            return Err(format!(
                "`{sign}` of JavaScript also finds \"1\" and 1 equal; compare values of one kind"
            ));
        }
        let ours = match sign {
            "===" | "==" | "=" => "==",
            "!==" | "!=" => "!=",
            order => order,
        };
        Ok(Made::new(format!("({} {ours} {})", left.text, right.text), Sort::Bool))
    }

    fn sum(&mut self) -> Result<Made, String> {
        let mut left = self.product()?;
        loop {
            if self.dialect == Dialect::Jsonata && self.takes("&") {
                let right = self.product()?;
                left = Made::new(format!("({} ~ {})", left.text, right.text), Sort::Text);
            } else if self.takes("+") {
                left = self.plus(&left)?;
            } else if self.takes("-") {
                left = arithmetic(&left, "-", &self.product()?)?;
            } else {
                return Ok(left);
            }
        }
    }

    fn plus(&mut self, left: &Made) -> Result<Made, String> {
        let right = self.product()?;
        let sorts = (left.sort, right.sort);
        if self.dialect == Dialect::Jsonata || sorts == (Sort::Number, Sort::Number) {
            return arithmetic(left, "+", &right);
        }
        if left.sort == Sort::Text || right.sort == Sort::Text {
            return Ok(Made::new(format!("({} ~ {})", left.text, right.text), Sort::Text));
        }
        Err("`+` adds numbers or joins texts, and it is not known which of them these are".into())
    }

    fn product(&mut self) -> Result<Made, String> {
        let mut left = self.unary()?;
        loop {
            if self.takes("*") {
                left = arithmetic(&left, "*", &self.unary()?)?;
            } else if self.takes("/") {
                left = arithmetic(&left, "/", &self.unary()?)?;
            } else {
                return Ok(left);
            }
        }
    }

    fn unary(&mut self) -> Result<Made, String> {
        if self.dialect == Dialect::JavaScript && self.takes("!") {
            let value = self.nested(Self::unary)?;
            if value.sort != Sort::Bool {
                return Err("`!` of a value that is not true or false".into());
            }
            return Ok(Made::new(format!("(not {})", value.text), Sort::Bool));
        }
        if self.takes("-") {
            let value = self.nested(Self::unary)?;
            return arithmetic(&Made::new("0", Sort::Number), "-", &value);
        }
        self.primary()
    }

    fn nested(&mut self, read: fn(&mut Self) -> Result<Made, String>) -> Result<Made, String> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err("it is nested too deep".into());
        }
        let made = read(self)?;
        self.depth -= 1;
        Ok(made)
    }

    fn primary(&mut self) -> Result<Made, String> {
        match self.next()? {
            Token::Text(text) => self.after(Made::literal(Value::String(text))?),
            Token::Number(digits) => {
                let number: Number =
                    serde_json::from_str(&digits).map_err(|_| format!("`{digits}` is no number"))?;
                Made::literal(Value::Number(number))
            }
            Token::Sign("(") => {
                let inner = self.choice()?;
                self.needs(")")?;
                self.after(inner)
            }
            Token::Sign("[") => self.list(),
            Token::Sign("{") => self.object(),
            Token::Sign(sign) => Err(format!("`{sign}` has no equivalent here")),
            Token::Quoted(name) => Err(format!("`{name}` is not known here")),
            Token::Name(name) => match name.as_str() {
                "true" => Made::literal(Value::Bool(true)),
                "false" => Made::literal(Value::Bool(false)),
                "null" => Made::literal(Value::Null),
                "undefined" => Err("`undefined` has no equivalent here".into()),
                _ => {
                    let tail = self.tail()?;
                    self.roots.read(&name, &tail)
                }
            },
        }
    }

    /// Refuses what would be called on or taken of a value that is no path.
    fn after(&self, made: Made) -> Result<Made, String> {
        match self.peek() {
            Some(Token::Sign("." | "[" | "?.")) => {
                Err("it calls a function that has no equivalent here".into())
            }
            _ => Ok(made),
        }
    }

    fn tail(&mut self) -> Result<Vec<Tail>, String> {
        let mut tail = Vec::new();
        loop {
            if self.takes(".") {
                match self.next()? {
                    Token::Name(name) | Token::Quoted(name) => tail.push(Tail::Step(Step::Field(name))),
                    other @ (Token::Text(_) | Token::Number(_) | Token::Sign(_)) => {
                        return Err(format!("`{}` behind a dot has no equivalent here", other.shown()));
                    }
                }
            } else if self.takes("[") {
                let inner = self.choice()?;
                self.needs("]")?;
                tail.push(Tail::Step(subscript(&inner)?));
            } else if self.takes("(") {
                tail.push(Tail::Call(self.list_until(")")?));
            } else {
                return Ok(tail);
            }
        }
    }

    fn list_until(&mut self, end: &'static str) -> Result<Vec<Made>, String> {
        let mut items = Vec::new();
        while !self.takes(end) {
            if !items.is_empty() {
                self.needs(",")?;
                if self.takes(end) {
                    break;
                }
            }
            items.push(self.choice()?);
        }
        Ok(items)
    }

    fn list(&mut self) -> Result<Made, String> {
        let items = self.list_until("]")?;
        let items: Vec<String> = items.into_iter().map(|item| item.text).collect();
        self.after(Made::new(format!("[{}]", items.join(", ")), Sort::Any))
    }

    fn object(&mut self) -> Result<Made, String> {
        let mut fields: Vec<String> = Vec::new();
        while !self.takes("}") {
            if !fields.is_empty() {
                self.needs(",")?;
                if self.takes("}") {
                    break;
                }
            }
            let key = match self.next()? {
                Token::Name(name) if self.dialect == Dialect::JavaScript && is_field(&name) => name,
                Token::Text(name) => name,
                other @ (Token::Name(_) | Token::Quoted(_) | Token::Number(_) | Token::Sign(_)) => {
                    return Err(format!("`{}` as a key has no equivalent here", other.shown()));
                }
            };
            self.needs(":")?;
            let key = quoted(&key).ok_or("a key has characters that an expression cannot have")?;
            fields.push(format!("{key}: {}", self.choice()?.text));
        }
        self.after(Made::new(format!("{{{}}}", fields.join(", ")), Sort::Any))
    }
}

/// Returns whether nothing but the same value equals it, however loosely it is compared.
fn is_sure(made: &Made) -> bool {
    let Some(Value::String(text)) = &made.literal else { return false };
    !text.trim().is_empty()
        && text.trim().parse::<f64>().is_err()
        && !matches!(text.as_str(), "true" | "false")
}

fn subscript(inner: &Made) -> Result<Step, String> {
    match &inner.literal {
        Some(Value::String(name)) => Ok(Step::Field(name.clone())),
        Some(Value::Number(number)) => {
            let at = number.as_u64().and_then(|at| usize::try_from(at).ok());
            at.map(Step::Entry).ok_or_else(|| "an entry is not a whole number".to_owned())
        }
        Some(_) | None => Err("a field or an entry is calculated".into()),
    }
}

fn logical(left: &Made, word: &str, right: &Made) -> Result<Made, String> {
    if left.sort != Sort::Bool || right.sort != Sort::Bool {
        return Err("it combines values that are not true or false".into());
    }
    Ok(Made::new(format!("({} {word} {})", left.text, right.text), Sort::Bool))
}

fn arithmetic(left: &Made, sign: &str, right: &Made) -> Result<Made, String> {
    let is_number = |made: &Made| matches!(made.sort, Sort::Number | Sort::Any);
    if !is_number(left) || !is_number(right) {
        return Err(format!("`{sign}` of values that are no numbers"));
    }
    Ok(Made::new(format!("({} {sign} {})", left.text, right.text), Sort::Number))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fields;

    impl Roots for Fields {
        fn read(&self, root: &str, tail: &[Tail]) -> Result<Made, String> {
            let steps = steps(tail)?;
            crate::data::Data::of_node(root.trim_start_matches('$'))
                .read(&steps)
                .map(|text| Made::new(text, Sort::Any))
        }
    }

    #[test]
    fn javascript_means_the_same() {
        for (source, wanted) in [
            ("$json.a.b[0]['c d']", "json.a.b[0][\"c d\"]"),
            ("$json.n >= 3 && $json.s === 'x'", "((json.n >= 3) and (json.s == \"x\"))"),
            ("$json.s == 'open' ? 'a' : \"it's\"", "(\"a\" if (json.s == \"open\") else \"it's\")"),
            ("'n: ' + $json.n", "(\"n: \" ~ json.n)"),
            ("($json.a - 1) * 2", "((json.a - 1) * 2)"),
            ("!($json.a < 1)", "(not (json.a < 1))"),
            ("{a: $json.b, \"c\": [1, true, null]}", "{\"a\": json.b, \"c\": [1, true, none]}"),
        ] {
            assert_eq!(translate(source, Dialect::JavaScript, &Fields).unwrap().text, wanted, "{source}");
        }
    }

    #[test]
    fn what_could_mean_something_else_is_refused() {
        for source in [
            "$json.a + $json.b",
            "$json.a == 1",
            "$json.a || 'x'",
            "$json.a?.b",
            "$json.a ?? 1",
            "$json.a ? 1 : 2",
            "!$json.a",
            "$json[$json.b]",
            "$json.items.map(x => x.a)",
            "`a ${b}`",
            "'a'.length",
            "(() => 1)()",
            "a = 1",
            "",
            "'",
            "$json.a.",
            "undefined",
        ] {
            assert!(translate(source, Dialect::JavaScript, &Fields).is_err(), "{source}");
        }
        assert!(translate(&"(".repeat(10_000), Dialect::JavaScript, &Fields).is_err());
        assert!(translate(&"-".repeat(900), Dialect::JavaScript, &Fields).is_err());
    }

    #[test]
    fn jsonata_means_the_same() {
        for (source, wanted) in [
            ("$states.input.a = 'x' and $n > 1", "((states[\"input\"].a == \"x\") and (n > 1))"),
            ("'a' & $n & 'b'", "((\"a\" ~ n) ~ \"b\")"),
            ("$n + 1", "(n + 1)"),
            ("$states.`a b`", "states[\"a b\"]"),
        ] {
            assert_eq!(translate(source, Dialect::Jsonata, &Fields).unwrap().text, wanted, "{source}");
        }
        assert!(translate("$states.input[a > 1]", Dialect::Jsonata, &Fields).is_err());
    }
}
