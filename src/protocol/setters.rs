//! Setting fields one after another, in one expression.

/// Gives a type a method `with_FIELD` for each field that is named: it sets the
/// field, and returns the value.
macro_rules! setters {
    ($type:ty: $($method:ident $field:ident: $value:ty;)+) => {
        impl $type {
            $(
                #[doc = concat!("Sets [`", stringify!($field), "`](Self::", stringify!($field), ").")]
                #[must_use]
                pub fn $method(mut self, $field: impl Into<$value>) -> Self {
                    self.$field = $field.into();
                    self
                }
            )+
        }
    };
}
pub(super) use setters;
