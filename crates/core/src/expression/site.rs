//! Where an expression is in its node.

/// The place of an expression among those of its node. It does not change with values, so what `uuid()` makes of it is the
/// same in all attempts.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Site<'s> {
    /// Where the template or the condition is.
    pub(crate) pointer: &'s str,
    /// The number of the expression in it.
    pub(crate) number: usize,
}

impl<'s> Site<'s> {
    /// Returns the only expression at `pointer`.
    pub(crate) const fn of(pointer: &'s str) -> Self {
        Self { pointer, number: 0 }
    }

    /// Returns the place of call `call` in the expression.
    pub(super) fn of_call(self, call: usize) -> String {
        format!("{}#{}.{call}", self.pointer, self.number)
    }
}
